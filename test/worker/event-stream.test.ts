// Batching of events: at most ten deliveries a second, in order, consecutive steps merged, nothing lost.
import { beforeEach, expect, it, vi } from 'vitest';
import type { LabEvent, StepRecord } from '../../src/contract/runs.ts';
import { EventStream } from '../../src/worker/event-stream.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

function step(number: number): LabEvent {
  const record: StepRecord = {
    ...{ step: number, tokens: number, loss: 1, learningRate: 1, gradientNorm: 1 },
    ...{ stepSeconds: 1, tokensPerSecond: 1, flops: 1, seconds: 1 },
  };
  return { kind: 'steps', steps: [record] };
}

const stepsOf = (event: LabEvent | undefined) =>
  event?.kind === 'steps' ? event.steps.map((record) => record.step) : undefined;

it('delivers at most ten times a second, however often something happens', () => {
  const stream = new EventStream();
  const deliveries: (readonly LabEvent[])[] = [];
  stream.listen((events) => deliveries.push(events));
  for (let i = 0; i < 1000; i++) {
    stream.emit(step(i));
    vi.advanceTimersByTime(2);
  }
  vi.advanceTimersByTime(200);
  expect(deliveries.length).toBeGreaterThan(15);
  expect(deliveries.length).toBeLessThanOrEqual(21);
  expect(deliveries.flatMap((events) => stepsOf(events[0]))).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  );
  for (const events of deliveries) expect(events).toHaveLength(1);
});

it('delivers the first event at once', () => {
  const stream = new EventStream();
  const delivered: LabEvent[] = [];
  vi.advanceTimersByTime(1000);
  stream.listen((events) => delivered.push(...events));
  stream.emit(step(1));
  vi.advanceTimersByTime(1);
  expect(delivered).toHaveLength(1);
});

it('keeps the order and merges only steps that follow each other', () => {
  const stream = new EventStream();
  let delivered: readonly LabEvent[] = [];
  stream.listen((events) => {
    delivered = events;
  });
  stream.emit({ kind: 'state', state: 'running' });
  stream.emit(step(1));
  stream.emit(step(2));
  stream.emit({ kind: 'saved', step: 2, bytes: 9 });
  stream.emit(step(3));
  vi.advanceTimersByTime(100);
  expect(delivered.map(({ kind }) => kind)).toEqual(['state', 'steps', 'saved', 'steps']);
  expect([stepsOf(delivered[1]), stepsOf(delivered[3])]).toEqual([[1, 2], [3]]);
});

it('keeps what happened before anybody listened, and hands the stream to a new listener', () => {
  const stream = new EventStream();
  stream.emit({ kind: 'state', state: 'preparing' });
  vi.advanceTimersByTime(500);
  const first: LabEvent[] = [];
  stream.listen((events) => first.push(...events));
  vi.advanceTimersByTime(100);
  expect(first).toEqual([{ kind: 'state', state: 'preparing' }]);
  const second: LabEvent[] = [];
  stream.emit({ kind: 'state', state: 'paused' });
  stream.listen((events) => second.push(...events));
  vi.advanceTimersByTime(200);
  expect(first).toHaveLength(1);
  expect(second).toEqual([{ kind: 'state', state: 'paused' }]);
});
