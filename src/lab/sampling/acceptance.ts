// Which drafted tokens a text keeps, so that it is distributed as if its own model had drawn every one of them: rejection
// sampling (Leviathan, Kalman, Matias, arXiv 2211.17192; Chen et al., arXiv 2302.01318). Pure: it knows logits and numbers.
import { randomWords } from '../../kernels/prologue.ts';
import { type DrawSettings, keptTokens } from '../../kernels/sample.ts';
import type { NumberArray } from '../../plan/kernel.ts';

/** How tokens are drawn, whoever draws them. */
export type Drawing = Pick<DrawSettings, 'temperature' | 'topK' | 'topP' | 'seed' | 'drawable'>;

/** Tokens that somebody proposes for the next places of a text. */
export interface Draft {
  readonly tokens: readonly number[];
  /** What each was drawn from: [V] logits, by the text's own settings. Certain of themselves unless given. */
  readonly logits?: readonly NumberArray[];
}

/** What became of a draft. */
export interface Verdict {
  /** The drafted tokens that stay, and one that the model drew itself; none behind one whose logits are not finite. */
  readonly tokens: readonly number[];
  readonly accepted: number;
  /** Drafted tokens that were looked at: those that stay, and the first that does not. */
  readonly examined: number;
  /** Whether the next logits are no finite numbers. */
  readonly isBroken: boolean;
}

/** Streams of random words beside the one that draws by logits. */
const [acceptStream, drawStream] = [1, 2];

/** How likely each token is to be drawn, [V]; 0 of those that may not be. */
export function probabilitiesOf(logits: NumberArray, drawing: Drawing): Float64Array {
  const { temperature, drawable } = drawing;
  const ids = drawable > 0 ? Math.min(drawable, logits.length) : logits.length;
  let likeliest = 0;
  for (let id = 1; id < ids; id++) if (logits[id] > logits[likeliest]) likeliest = id;
  const masses = new Float64Array(logits.length);
  if (temperature === 0) {
    masses[likeliest] = 1;
    return masses;
  }
  let sum = 0;
  for (const id of keptTokens(logits, ids, drawing)) {
    masses[id] = Math.exp((logits[id] - logits[likeliest]) / temperature);
    sum += masses[id];
  }
  return masses.map((mass) => mass / sum);
}

/**
 * Accepts token x, drawn from q, with probability min(1, p(x) ÷ q(x)); the first that is not accepted is replaced by one drawn
 * from (p − q)₊, and behind an accepted draft one more is drawn from p. That the text is distributed by p, token by token, does
 * not depend on who drafts. A text draws the same numbers again by its seed and the number of its draw.
 * @param logits [V] of the place of each drafted token, and of the one behind them
 * @param drawn tokens that the text drew before
 */
export function judgeDraft(
  { tokens, logits: drafted }: Draft,
  logits: readonly NumberArray[],
  drawing: Drawing,
  drawn: number,
): Verdict {
  const kept: number[] = [];
  for (const [index, own] of logits.entries()) {
    const ids = drawing.drawable > 0 ? Math.min(drawing.drawable, own.length) : own.length;
    if (!own.subarray(0, ids).every(Number.isFinite))
      return { tokens: kept, accepted: kept.length, examined: kept.length, isBroken: true };
    const p = probabilitiesOf(own, drawing);
    const counter = drawn + index;
    const token = tokens[index];
    if (token === undefined) {
      kept.push(draw(p, uniform(drawing.seed, counter, drawStream)));
      return { tokens: kept, accepted: index, examined: index, isBroken: false };
    }
    const from = drafted?.[index];
    const q = from ? probabilitiesOf(from, drawing) : certainOf(token, own.length);
    if (q[token] > 0 && uniform(drawing.seed, counter, acceptStream) * q[token] < p[token]) {
      kept.push(token);
      continue;
    }
    kept.push(draw(leftOf(p, q, token), uniform(drawing.seed, counter, drawStream)));
    return { tokens: kept, accepted: index, examined: index + 1, isBroken: false };
  }
  throw new Error(
    `acceptance: ${tokens.length} drafted tokens need as many logits and one more; ${logits.length} came.`,
  );
}

/** Uniform in (0, 1), another one for every stream of every draw. */
function uniform(seed: number, counter: number, stream: number): number {
  return (randomWords(seed >>> 0, counter, 0, stream)[0] + 0.5) / 2 ** 32;
}

/**
 * What the model draws from instead of a token that it does not accept: (p − q)₊. All of p where q has not the token: at the edge
 * of a cut another order of the same sums may let a drafter draw it, which is as if nobody had drafted; the other tokens are as
 * likely as q says where this one was not drawn, so that together it is p still. All of p, too, where rounding leaves nothing.
 */
function leftOf(p: Float64Array, q: Float64Array, token: number): Float64Array {
  if (q[token] === 0) return p;
  const rest = p.map((mass, id) => Math.max(0, mass - q[id]));
  return rest.some((mass) => mass > 0) ? rest : p;
}

/** All mass on one token of so many. */
function certainOf(token: number, vocabulary: number): Float64Array {
  const masses = new Float64Array(vocabulary);
  masses[token] = 1;
  return masses;
}

/** A token by its mass; masses need not sum to 1. */
function draw(masses: Float64Array, u: number): number {
  let left = u * masses.reduce((sum, mass) => sum + mass, 0);
  let last = 0;
  for (const [token, mass] of masses.entries()) {
    if (mass === 0) continue;
    last = token;
    left -= mass;
    if (left < 0) break;
  }
  return last;
}

/** Share of looked-at tokens that stay → tokens that a check gives: (1 − α^(k+1)) ÷ (1 − α), k drafted and the model's own. */
export function expectedTokens(acceptance: number, drafted: number): number {
  return acceptance >= 1 ? drafted + 1 : (1 - acceptance ** (drafted + 1)) / (1 - acceptance);
}
