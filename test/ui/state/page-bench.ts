// A page's controller over a fake lab, with what it asked for and showed.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { vi } from 'vitest';
import type { Lab } from '../../../src/contract/lab.ts';
import type { Problem } from '../../../src/contract/values.ts';
import { PageController } from '../../../src/ui/state/controller.ts';
import { createFakeLab, type FakeOptions } from '../page/fake-lab.ts';

/** A controller with all that it was given and asked. */
export interface Bench {
  readonly controller: PageController;
  readonly calls: string[];
  readonly addresses: string[];
  readonly titles: string[];
  readonly fake: ReturnType<typeof createFakeLab>;
  readonly frames: (() => void)[];
  updates: number;
  die(reason: string): void;
  closed: boolean;
}

/** Opens a page over a fake lab, and lets it come to rest. Timers are the test's. */
export async function open(
  options: Partial<FakeOptions> = {},
  query = '',
  change?: (lab: Lab) => Lab,
  linkRead?: () => Promise<void>,
): Promise<Bench> {
  const fake = createFakeLab(options);
  let die: (reason: string) => void = () => {};
  const died = new Promise<string>((resolve) => {
    die = resolve;
  });
  let controllers: ReactiveController[] = [];
  const host = {
    addController: (controller: ReactiveController) => {
      controllers = [...controllers, controller];
    },
    requestUpdate: () => {
      bench.updates += 1;
    },
  } as unknown as ReactiveControllerHost;
  const addresses: string[] = [];
  const titles: string[] = [];
  const frames: (() => void)[] = [];
  const bench: Bench = {
    controller: new PageController(host, {
      connect: () => ({
        lab: change?.(fake.lab) ?? fake.lab,
        died,
        close: () => {
          bench.closed = true;
        },
      }),
      onFrame: (callback) => void frames.push(callback),
      query,
      ...(linkRead === undefined ? {} : { linkRead }),
      showAddress: (address) => void addresses.push(address),
      showTitle: (title) => void titles.push(title),
      settleMilliseconds: 50,
    }),
    calls: fake.calls,
    addresses,
    titles,
    fake,
    frames,
    updates: 0,
    die,
    closed: false,
  };
  for (const controller of controllers) controller.hostConnected?.();
  await vi.advanceTimersByTimeAsync(100);
  return bench;
}

/** The lab with some methods replaced. */
export const replaced = (lab: Lab, methods: Partial<Lab>): Lab =>
  new Proxy(lab, { get: (target, name: keyof Lab) => methods[name] ?? target[name] });

/** What is wrong, as it is on display. */
export const kinds = ({ controller }: Bench): Problem['kind'][] =>
  controller.state.problems.map(({ problem }) => problem.kind);
