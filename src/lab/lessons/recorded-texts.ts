// The same fifteen runs on two texts, made by this program: what the lesson about where the law breaks rests on.
import type { RunPoint } from '../../laws/run-point.ts';

/** D of every size: 131,072 characters, doubled four times; the longest last. */
const tokens = [131_072, 262_144, 524_288, 1_048_576, 2_097_152];

/** N of the blocks, and the validation loss in nats per character at each D. */
type Losses = Readonly<Record<number, readonly number[]>>;

/** Told from a finite set of templates. */
const stories: Losses = {
  3456: [3.0652, 2.4965, 2.3502, 2.1865, 1.931],
  13824: [3.098, 2.5478, 2.2185, 1.7987, 1.4619],
  38400: [2.4952, 2.2958, 1.9076, 1.4923, 1.2081],
};

/** Very many words of Zipf's frequencies: whatever is learnt, rarer ones are left. */
const zipf: Losses = {
  3456: [2.4191, 2.2901, 2.2396, 2.0858, 1.9901],
  13824: [2.304, 2.2423, 2.0673, 1.9245, 1.8431],
  38400: [2.2629, 2.1517, 1.9753, 1.854, 1.7625],
};

function pointsOf(losses: Losses): readonly RunPoint[] {
  return Object.entries(losses).flatMap(([parameters, row]) =>
    row.map((loss, index) => ({ parameters: Number(parameters), tokens: tokens[index], loss })),
  );
}

/** `flopscope study test/fixtures/law-TEXT.json --runtime wasm`: three sizes at five lengths, branches of three trunks. */
export const recordedTexts = { zipf: pointsOf(zipf), stories: pointsOf(stories) } as const;
