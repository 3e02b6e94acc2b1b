// All that page and worker say to each other, as one interface over the parts. Types only.
import type { ComparisonApi } from './comparison.ts';
import type { DeviceApi } from './device.ts';
import type { DiagramApi } from './diagram.ts';
import type { FormApi } from './form.ts';
import type { HubApi } from './hub.ts';
import type { InsideApi } from './inside.ts';
import type { KernelsApi } from './kernels.ts';
import type { LawsApi } from './laws.ts';
import type { LessonsApi } from './lessons.ts';
import type { RecordsApi } from './records.ts';
import type { RunApi } from './runs.ts';
import type { SamplingApi } from './sampling.ts';
import type { SearchApi } from './search.ts';
import type { ServingApi } from './serving.ts';
import type { TermsApi } from './terms.ts';
import type { ValidationApi } from './validation.ts';

/** Everything a person can do, as asynchronous calls. One run at a time. */
export interface Lab
  extends ComparisonApi,
    DeviceApi,
    DiagramApi,
    FormApi,
    HubApi,
    InsideApi,
    KernelsApi,
    LawsApi,
    LessonsApi,
    RecordsApi,
    RunApi,
    SamplingApi,
    SearchApi,
    ServingApi,
    TermsApi,
    ValidationApi {
  /**
   * Name of a Web Lock that the worker holds as long as it lives, so that the page notices its death; undefined
   * where there are no locks.
   */
  lifeLock(): Promise<string | undefined>;
}
