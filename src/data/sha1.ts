// SHA-1 of bytes that arrive in pieces: the name that Git gives a content, and no proof against forgery.
import { sha1 } from '@noble/hashes/legacy.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { RunningHash } from './sha256.ts';

/** Starts a running SHA-1. */
export function createSha1(): RunningHash {
  const hash = sha1.create();
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => bytesToHex(hash.digest()),
  };
}
