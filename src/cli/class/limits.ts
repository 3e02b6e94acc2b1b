// How often one address may ask: a bucket that a call takes from and time fills again.

/** Calls at once, and calls a second after that. */
export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** A whole class may sit behind one address: thirty pages that send at once pass, a loop that sends does not. */
export const callLimit: RateLimit = { burst: 240, perSecond: 20 };
/** Wrong codes and keys: enough for a class that mistypes, far too few to guess one of 10⁸ codes. */
export const wrongLimit: RateLimit = { burst: 30, perSecond: 0.5 };

/** Most addresses that are remembered; the one longest unseen is forgotten for a new one. */
const mostAddresses = 4096;

/** Counts calls by address. `now` is in seconds. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Seconds until the address may ask; 0 when it may now. */
  wait(address: string, now: number): number {
    const left = this.#left(address, now);
    return left >= 1 ? 0 : (1 - left) / this.#limit.perSecond;
  }

  /** Takes one call. */
  take(address: string, now: number): void {
    const left = this.#left(address, now) - 1;
    this.#buckets.delete(address);
    this.#buckets.set(address, { left, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > mostAddresses && oldest !== undefined) this.#buckets.delete(oldest);
  }

  #left(address: string, now: number): number {
    const { burst, perSecond } = this.#limit;
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.left + Math.max(0, now - bucket.at) * perSecond);
  }
}
