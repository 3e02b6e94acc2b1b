// The encoder's thread: ended when a pattern does not end, replaced for the next text, and honest about failures.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startEncoderThread } from '../../../src/cli/threads/tokenizer.ts';
import {
  type EncoderPort,
  idleMilliseconds,
  useEncoderThreads,
} from '../../../src/data/tokenizers/asked-thread.ts';
import { Encoder } from '../../../src/data/tokenizers/encoder.ts';
import { readPublishedFile } from '../../../src/data/tokenizers/published-file.ts';
import { inThisThread } from './in-this-thread.ts';

const budget = { open: 30_000, text: 300, character: 0 };

/** A tokenizer of two letters that cuts texts by a pattern. */
function cutBy(pattern: string): object {
  return readPublishedFile({
    pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' },
    model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] },
  }).json;
}

/** Threads that are counted. */
function counted(start: () => EncoderPort | Promise<EncoderPort>) {
  const count = { started: 0, ended: 0 };
  useEncoderThreads(async () => {
    count.started++;
    const port = await start();
    return {
      ...port,
      terminate: () => {
        count.ended++;
        port.terminate();
      },
    };
  });
  return count;
}

afterEach(() => useEncoderThreads(inThisThread));

describe('an encoder', () => {
  it('is stopped by a pattern that never ends, and starts anew for the next text', async () => {
    const count = counted(startEncoderThread);
    const encoder = new Encoder(cutBy('(a+)+$'), {}, budget);
    const hostile = encoder.encode(`${'a'.repeat(40)}b`);
    await expect(hostile).rejects.toThrow(/took longer than 0\.3 s: one of its patterns may never end/);
    expect(count).toEqual({ started: 1, ended: 1 });
    expect([...(await encoder.encode('aab'))]).toEqual([0, 0, 1]);
    expect(count.started).toBe(2);
  });

  it('encodes texts one after another in one thread', async () => {
    const count = counted(inThisThread);
    const encoder = new Encoder(cutBy('a'), {});
    const [first, second] = await Promise.all([encoder.encode('ab'), encoder.encode('ba')]);
    expect([[...first], [...second], count.started]).toEqual([[0, 1], [1, 0], 1]);
  });

  it('ends its thread when nobody asks any more, and starts another for who does', async () => {
    const count = counted(inThisThread);
    const encoder = new Encoder(cutBy('a'), {});
    vi.useFakeTimers();
    await encoder.encode('ab');
    await vi.advanceTimersByTimeAsync(idleMilliseconds / 2);
    await encoder.encode('ab');
    await vi.advanceTimersByTimeAsync(idleMilliseconds / 2);
    expect(count).toEqual({ started: 1, ended: 0 });
    await vi.advanceTimersByTimeAsync(idleMilliseconds);
    expect(count).toEqual({ started: 1, ended: 1 });
    expect([...(await encoder.encode('ab'))]).toEqual([0, 1]);
    expect(count.started).toBe(2);
  });

  it('says what the library does not understand, in one line', async () => {
    useEncoderThreads(inThisThread);
    const encoder = new Encoder(cutBy('(a'), {});
    await expect(encoder.encode('a')).rejects.toThrow(
      /^tokenizer\.json: Invalid regular expression[^\n]*\.$/,
    );
  });

  it('fails with its thread', async () => {
    const terminate = vi.fn();
    useEncoderThreads(() => {
      let fail: ((error: Error) => void) | undefined;
      const post = () => queueMicrotask(() => fail?.(new Error('out of memory')));
      return { post, terminate, listen: (_, onFailure) => (fail = onFailure) };
    });
    await expect(new Encoder(cutBy('a'), {}).encode('a')).rejects.toThrow('its thread ended: out of memory');
    expect(terminate).toHaveBeenCalledOnce(); // it may still hold its port
  });
});
