// What computes, as a person chose it: kept from visit to visit, or said by the address in the command line's words.
import type { DeviceInfo, RuntimeChoice } from '../../contract/device.ts';
import { keepChoice, keptChoice } from './kept-choice.ts';

const runtimes = ['gpu', 'wasm'] as const;
const words = ['runtime', 'threads'] as const;

/** What is said of an address's word; longer ones are cut. */
const longestWord = 20;

/** A choice, and what of an address was not meant, a sentence each. */
export interface AskedRuntime {
  readonly choice: RuntimeChoice;
  readonly notices: readonly string[];
}

/** Threads that this page may have: as many as cores, or one where they may not share memory. */
export function availableThreads(): number {
  return globalThis.crossOriginIsolated === true
    ? Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1)
    : 1;
}

/** What was chosen before; at first whatever is quicker. More threads than there are now mean all of them. */
export function keptRuntime(available: number): RuntimeChoice {
  const runtime = keptChoice('runtime', [...runtimes, ''], '');
  if (runtime === '') return { runtime: 'gpu', isAutomatic: true };
  if (runtime === 'gpu') return { runtime };
  const counts = Array.from({ length: available }, (_, index) => String(index + 1));
  const threads = keptChoice('threads', counts, '');
  return threads === '' ? { runtime } : { runtime, threads: Number(threads) };
}

/** Remembers the choice. */
export function keepRuntime({ runtime, threads }: RuntimeChoice): void {
  keepChoice('runtime', runtime);
  if (runtime === 'wasm') keepChoice('threads', String(threads ?? ''));
}

/**
 * The runtime that an address asks for (`runtime=wasm&threads=2`), or the kept one where it says nothing of that.
 * @param available threads that this page may have
 */
export function askedRuntime(query: string, kept: RuntimeChoice, available: number): AskedRuntime {
  const asked = new URLSearchParams(query);
  const [runtime, threads] = words.map((word) => asked.get(word)?.slice(0, longestWord));
  if (runtime === undefined && threads === undefined) return { choice: kept, notices: [] };
  const known = runtimes.find((one) => one === (runtime ?? kept.runtime));
  if (known === undefined) {
    const notice =
      `The address asks for runtime=${runtime}: there are gpu, and wasm for your processor. ` +
      'The default is taken, a GPU where there is one.';
    return { choice: { runtime: 'gpu', isAutomatic: true }, notices: [notice] };
  }
  if (threads === undefined) return { choice: { runtime: known }, notices: [] };
  if (known === 'gpu') {
    const notice = `The address asks for threads=${threads}: a GPU has none to choose. Add runtime=wasm for your processor.`;
    return { choice: { runtime: 'gpu' }, notices: [notice] };
  }
  const count = Number(threads);
  if (/^\d+$/.test(threads) && count >= 1 && count <= available)
    return { choice: { runtime: 'wasm', threads: count }, notices: [] };
  const most = available === 1 ? 'this page may have 1' : `this page may have 1 to ${available}`;
  const notice = `The address asks for threads=${threads}: ${most}. The default is taken, ${available}.`;
  return { choice: { runtime: 'wasm' }, notices: [notice] };
}

/** A query (without `?`) without these words, which the reader of experiments does not know. */
export function withoutRuntime(query: string): string {
  const left = new URLSearchParams(query);
  if (!words.some((word) => left.has(word))) return query;
  for (const word of words) left.delete(word);
  return left.toString();
}

/** The query with these words of another one, as they were. */
export function withRuntimeOf(search: string, query: string): string {
  const asked = new URLSearchParams(search);
  const kept = words.flatMap((word) => {
    const value = asked.get(word);
    return value === null ? [] : [new URLSearchParams({ [word]: value }).toString()];
  });
  return [...(query === '' ? [] : [query]), ...kept].join('&');
}

/** What is being opened, in words. */
export function openingWords({ runtime }: RuntimeChoice): string {
  return runtime === 'wasm' ? 'Opening your processor' : 'Looking for a GPU';
}

/** What the choice shows: what computes, whatever was wished. */
export function shownRuntime({ runtime }: Pick<DeviceInfo, 'runtime'>): RuntimeChoice['runtime'] {
  return runtime === 'gpu' ? 'gpu' : 'wasm';
}
