// Models that others published: looked up on a hub, pulled into this browser, opened and deleted. Types only.
import type { OpenedRun } from './runs.ts';
import type { Result } from './values.ts';

/** What a person asks for. */
export interface HubRequest {
  /** `owner/name[@revision]` */
  readonly name: string;
  /** Address of the hub; it may be relative to the page's own. */
  readonly endpoint: string;
}

/** A small public model whose family and tokenizer are read here. */
export interface KnownModel {
  readonly name: string;
  /** Of its weights, as its page lists them. */
  readonly bytes: number;
  /** What it is, and what can be learned from it, a sentence or two. */
  readonly teaches: string;
}

/** What the page begins with. */
export interface HubCatalogue {
  readonly endpoint: string;
  readonly models: readonly KnownModel[];
}

/** A model at one commit, which never changes. */
export interface PulledName {
  readonly id: string;
  readonly commit: string;
}

/** What a name means, and whether it can be had here: nothing but its configuration was fetched. */
export interface LookedUpModel extends PulledName {
  readonly revision: string;
  readonly files: number;
  readonly bytes: number;
  /** Of these, what is not here yet. */
  readonly missingBytes: number;
  /** What this browser still keeps for this page, where it says so. */
  readonly freeBytes?: number;
  /** Whether that is enough, or not said: without room every pull is refused. */
  readonly hasRoom: boolean;
  readonly parameters: number;
  /** Tokens of a text that it is opened for, and what that takes on this device: weights and all that training them needs. */
  readonly context: number;
  readonly memoryBytes?: number;
  /** What a person should know of it, a sentence each. */
  readonly notes: readonly string[];
  /** Why it cannot be kept or opened here, a sentence. */
  readonly obstacle?: string;
}

/** How far a pull is. */
export interface PullProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly file: string;
  /** What it waits for, where it does. */
  readonly note?: string;
}

/** A model that is kept in this browser, whole or in part. */
export interface PulledModel extends PulledName {
  readonly revision: string;
  readonly isComplete: boolean;
  /** That are here. */
  readonly bytes: number;
  readonly totalBytes?: number;
}

/** Calls about published models. */
export interface HubApi {
  hubCatalogue(): Promise<HubCatalogue>;
  /** `onNote` is told what it waits for, a sentence each. */
  lookUpModel(request: HubRequest, onNote: (line: string) => void): Promise<Result<LookedUpModel>>;
  /** Fetches what is missing, and ends early where `pausePull` was called: what came stays. */
  pullModel(
    request: HubRequest,
    onProgress: (progress: PullProgress) => void,
  ): Promise<Result<'whole' | 'paused'>>;
  pausePull(): Promise<void>;
  /** By name. */
  pulledModels(): Promise<readonly PulledModel[]>;
  /** Opens a whole one as files that were dropped are. */
  openPulled(model: PulledName): Promise<Result<OpenedRun>>;
  deletePulled(model: PulledName): Promise<Result<undefined>>;
}
