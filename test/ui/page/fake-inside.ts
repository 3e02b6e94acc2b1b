// The insides of the fake lab's run: a text with invented attention, losses and routes, shaped as the real ones are.

import type { ExpertHistory, ExpertLoad, InsideApi, TextReading } from '../../../src/contract/inside.ts';
import type { Result } from '../../../src/contract/values.ts';

const ok = <T>(value: T): Result<T> => ({ kind: 'ok', value });
const sentence = 'Once there was a small fox who lived by the old mill. Mia gave the fox a red ball.';
const [layers, heads, experts, perToken] = [4, 4, 8, 2] as const;

/** One head's map: each head looks a few tokens back, the later the further, and a little everywhere. */
function fakeMap(time: number, head: number): Float32Array {
  const map = new Float32Array(time * time);
  for (let query = 0; query < time; query++) {
    const scores = Array.from({ length: query + 1 }, (_, key) =>
      Math.exp(-Math.abs(query - key - head * 3) / (1 + head)),
    );
    const sum = scores.reduce((a, b) => a + b, 0);
    scores.forEach((score, key) => {
      map[query * time + key] = score / sum;
    });
  }
  return map;
}

/** What the fake model makes of a text. */
export function fakeReading(text: string, layer: number): TextReading {
  const read = text === '' ? sentence : text;
  const tokens = [...read].slice(0, 256).map((letter) => (letter === ' ' ? '␣' : letter));
  const time = tokens.length;
  const routes = [1, 3].map((at) => ({
    ...{ layer: at, experts, perToken },
    selected: tokens.flatMap((name) => {
      const first = ((name.codePointAt(0) ?? 0) + at) % experts;
      return [first, (first + 3) % experts];
    }),
    weights: tokens.flatMap((_, index) => [
      0.6 + 0.3 * Math.sin(index) ** 2,
      0.4 - 0.3 * Math.sin(index) ** 2,
    ]),
  }));
  return {
    ...{ step: 120, text: read, leftOut: Math.max(0, read.length - 256), tokens, layer, layers, routes },
    losses: tokens.slice(1).map((name, index) => (name === '␣' ? 0.2 : 1.8 + 1.5 * Math.sin(index * 1.3))),
    windows: [16, undefined, 16, undefined],
    maps: Array.from({ length: heads }, (_, head) => fakeMap(time, head)),
    heads: Array.from({ length: layers * heads }, (_, index) => ({
      ...{ layer: Math.floor(index / heads), head: index % heads },
      ...{ distance: 1 + 3 * (index % heads) + Math.floor(index / heads), sinkShare: 0 },
    })),
  };
}

/** Routers whose second layer collapses on one expert in the course of the run. */
export function fakeHistory(): ExpertHistory {
  const load = (layer: number, at: number): ExpertLoad => {
    const shares = Array.from({ length: experts }, (_, e) =>
      layer === 3 && e === 2 ? 1 + at : 1 + 0.3 * Math.sin(e + at / 5),
    );
    const sum = shares.reduce((a, b) => a + b, 0);
    const counts = shares.map((share) => Math.round((1024 * perToken * share) / sum));
    return { layer, tokens: 1024, load: counts, dropped: 10, entropy: 2 - at / 40, balance: 1 + at / 30 };
  };
  return {
    ...{ experts, perToken, balanceLoss: 0.01 },
    samples: Array.from({ length: 40 }, (_, at) => ({
      ...{ from: at * 10, step: at * 10 + 10 },
      layers: [load(1, at), load(3, at)],
    })),
    collapsed: [{ layer: 3, steps: 20, why: 'Layer 4: expert 3 of 8 takes 92 % of the tokens.' }],
    rule: 'A router counts as collapsed if the fake lab says so.',
  };
}

/** Answers as a worker with an open run. */
export const fakeInside: InsideApi = {
  attentionMap: async () => ({
    kind: 'problem',
    problem: { kind: 'busy', message: 'There is no run yet. Press Train first.' },
  }),

  readText: async ({ text, layer }) => ok(fakeReading(text, layer)),
  positionLosses: async () => {
    const means = Array.from({ length: 64 }, (_, position) => 1.4 + 2 / (position + 1));
    return ok({ step: 120, windows: 64, loss: 1.55, means, errors: means.map((mean) => mean / 12) });
  },
  expertHistory: async () => ok(fakeHistory()),
  expertTastes: async () => {
    const piece = (name: string, count: number) => ({ name, count, share: count / 200 });
    const tastes = Array.from({ length: experts }, (_, expert) => ({
      ...{ expert, share: 1 / experts },
      tokens: ['e', '␣', 't', 'a'].map((name, index) => piece(name, 120 - 20 * index - expert)),
      words: ['the', 'fox', 'mill'].map((name, index) => piece(name, 60 - 15 * index)),
    }));
    return ok({ step: 120, tokens: 2048, layers: [1, 3].map((layer) => ({ layer, experts: tastes })) });
  },
};
