// SHA-256 of bytes that arrive in pieces (FIPS 180-4): the fingerprint of data files and checkpoints.
// The browser's own digest wants all bytes at once and is missing on insecure origins; this needs neither.

/** A running hash; `update` any number of times, then `digest` once. */
export interface Sha256 {
  /** Adds bytes to the hashed message. */
  update(bytes: Uint8Array): void;
  /** The hash of all bytes as 64 lower-case hexadecimal digits; the object must not be used afterwards. */
  digest(): string;
}

const BLOCK_BYTES = 64;

/** The first 32 bits of the fractional part of a root: √p for the start values, ∛p for the round constants. */
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) >>> 0;
const PRIMES = Array.from({ length: 310 }, (_, i) => i + 2).filter((n) => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
});
const START = Uint32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const ROUND = Uint32Array.from(PRIMES.slice(0, 64), (prime) => fraction(Math.cbrt(prime)));

/** The SHA-256 of bytes in hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  const hash = createSha256();
  hash.update(bytes);
  return hash.digest();
}

/** Starts a running SHA-256 of at most 2^53 bytes. */
export function createSha256(): Sha256 {
  const state = START.slice();
  const schedule = new Uint32Array(64);
  const block = new Uint8Array(BLOCK_BYTES);
  let filled = 0;
  let total = 0;

  function update(bytes: Uint8Array): void {
    total += bytes.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(BLOCK_BYTES - filled, bytes.length);
      block.set(bytes.subarray(0, at), filled);
      filled += at;
      if (filled < BLOCK_BYTES) return;
      hashBlock(state, schedule, block, 0);
      filled = 0;
    }
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) hashBlock(state, schedule, bytes, at);
    block.set(bytes.subarray(at));
    filled = bytes.length - at;
  }

  function digest(): string {
    // Padding: one set bit, zeros up to 8 bytes before a block's end, the length in bits (64-bit, big-endian).
    const padding = new Uint8Array(filled < 56 ? BLOCK_BYTES - filled : 2 * BLOCK_BYTES - filled);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    const bits = BigInt(total) * 8n;
    view.setBigUint64(padding.length - 8, bits);
    update(padding);
    return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
  }

  return { update, digest };
}

/** Folds the 64 bytes at `at` into the state; `w` is scratch space for the 64 words of the message schedule. */
function hashBlock(state: Uint32Array, w: Uint32Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const j = at + 4 * i;
    w[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = w[i - 16] + small0 + w[i - 7] + small1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t1 = (h + big1 + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0;
    const t2 = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
