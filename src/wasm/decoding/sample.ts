// Draws the next token of each sequence from its logits and advances its state, as the shader and the reference do.
import { exponential } from '../numeric/functions.ts';
import { firstLargest, massFrom, orderOf, thresholdOfCount, thresholdOfMass } from '../numeric/order.ts';
import { randomWord } from '../numeric/random.ts';
import { stateBytes } from '../numeric/rings.ts';

/** Stands in the output where a logit was not finite. */
const noToken: u32 = 0xffffffff;

/** Bytes of a slot's settings: end, seed, topK, drawable, and bits of temperature and topP. */
const settingBytes: usize = 24;

/** state: token drawn, the others one further; output[slot, produced] = token. Rows belong to slots from `slot` on. */
export function sample(
  logits: usize,
  settings: usize,
  state: usize,
  output: usize,
  rows: i32,
  slots: i32,
  columns: i32,
  capacity: i32,
  slot: i32,
  scratch: usize,
  first: i32,
  last: i32,
): void {
  const firstSlot = min(slot, slots - rows);
  for (let row = first; row < last; row++) {
    const own = settings + <usize>(firstSlot + row) * settingBytes;
    const at = state + <usize>(firstSlot + row) * stateBytes;
    const end = load<u32>(own);
    const counter = load<u32>(at, 8);
    if (counter >= end) continue;
    const drawable = load<u32>(own, 12);
    const ids = drawable > 0 ? <i32>min<u32>(drawable, <u32>columns) : columns;
    const from = logits + <usize>row * ((<usize>columns) << 2);
    const isSound = areFinite(from, ids);
    const token = isSound ? draw(from, ids, own, counter, scratch) : noToken;
    const produced = load<u32>(at, 12);
    if (produced < <u32>capacity) {
      store<u32>(output + ((<usize>(firstSlot + row) * <usize>capacity + <usize>produced) << 2), token);
    }
    store<u32>(at, produced + 1, 12);
    if (isSound) {
      store<u32>(at, load<u32>(at) + 1);
      store<u32>(at, token, 4);
    }
    store<u32>(at, isSound ? counter + 1 : end, 8);
  }
}

/** Units of work: rows. */
export function sampleUnits(rows: i32): i32 {
  return rows;
}

/** Bytes of the orders, masses and ids of the tokens that may be drawn. */
export function sampleScratch(columns: i32): i32 {
  return 3 * (columns + 4) * 4;
}

function areFinite(logits: usize, ids: i32): bool {
  for (let id = 0; id < ids; id++) {
    if ((load<u32>(logits + ((<usize>id) << 2)) & 0x7f800000) === 0x7f800000) return false;
  }
  return true;
}

/** The largest of logit ÷ temperature + Gumbel noise over the ids that the cuts leave; of equals the lowest id. */
function draw(logits: usize, ids: i32, settings: usize, counter: u32, scratch: usize): u32 {
  const seed = load<u32>(settings, 4);
  const topK = load<u32>(settings, 8);
  const temperature = f32.load(settings, 16);
  const topP = f32.load(settings, 20);
  const likeliest = firstLargest(logits, ids);
  if (temperature === 0) return <u32>likeliest;

  const inverse = min<f32>(1 / temperature, 1e30);
  const largest = f32.load(logits + ((<usize>likeliest) << 2));
  const bytes = (<usize>(ids + 4)) << 2;
  const orders = scratch;
  const masses = orders + bytes;
  const kept = masses + bytes;
  for (let id = 0; id < ids; id += 4) {
    v128.store(orders + ((<usize>id) << 2), orderOf(v128.load(logits + ((<usize>id) << 2))));
  }
  let threshold = i32.MIN_VALUE;
  if (topK > 0 && topK < <u32>ids) threshold = thresholdOfCount(orders, ids, <i32>topK);
  const count = keepFrom(orders, kept, ids, threshold);
  weigh(logits, kept, masses, count, largest, inverse);
  if (topP < 1) {
    const wanted = <f64>topP * massFrom(orders, masses, count, threshold);
    threshold = thresholdOfMass(orders, masses, count, wanted);
  }

  let best: f64 = -Infinity;
  let bar: f64 = Infinity;
  let token = <u32>likeliest;
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    if (i32.load(orders + at) < threshold) continue;
    const id = i32.load(kept + at);
    const uniform = (<f64>randomWord(seed, counter, <u32>id, 0) + 0.5) / 4294967296.0;
    // exp(−noise) = −log(1 − u) ≥ u: where u ≥ mass ÷ e^best, the sum stays below the best. Few need the logarithms.
    if (uniform >= <f64>f32.load(masses + at) * bar) continue;
    const noise = -Math.log(-Math.log1p(-min<f64>(uniform, 1 - 1e-10)));
    const value = (<f64>f32.load(logits + ((<usize>id) << 2)) - <f64>largest) * <f64>inverse + noise;
    if (value > best) {
      best = value;
      bar = Math.exp(-best) * 1.00001; // more than the masses' rounding
      token = <u32>id;
    }
  }
  return token;
}

/** Ids of the orders from the threshold on, the orders moved up beside them. Returns how many there are. */
function keepFrom(orders: usize, kept: usize, ids: i32, threshold: i32): i32 {
  let count = 0;
  for (let id = 0; id < ids; id++) {
    const order = i32.load(orders + ((<usize>id) << 2));
    if (order < threshold) continue;
    i32.store(orders + ((<usize>count) << 2), order);
    i32.store(kept + ((<usize>count) << 2), id);
    count++;
  }
  return count;
}

/** masses[i] = exp((logit of kept[i] − largest) ÷ temperature). */
function weigh(logits: usize, kept: usize, masses: usize, count: i32, largest: f32, inverse: f32): void {
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    const id = <usize>i32.load(kept + at);
    f32.store(masses + at, (f32.load(logits + (id << 2)) - largest) * inverse);
  }
  for (let i = 0; i < count; i += 4) {
    const at = masses + ((<usize>i) << 2);
    v128.store(at, exponential(v128.load(at)));
  }
}
