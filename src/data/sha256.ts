// SHA-256 of bytes that arrive in pieces: the fingerprint of data files and checkpoints. The browser's own digest wants all
// bytes at once and is missing on insecure origins.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** A running hash; `update` any number of times, then `digest` once. */
export interface RunningHash {
  /** Adds bytes to the hashed message. */
  update(bytes: Uint8Array): void;
  /** The hash of all bytes in lower-case hexadecimal digits; the object must not be used afterwards. */
  digest(): string;
}

/** The SHA-256 of bytes in hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** Starts a running SHA-256. */
export function createSha256(): RunningHash {
  const hash = sha256.create();
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => bytesToHex(hash.digest()),
  };
}
