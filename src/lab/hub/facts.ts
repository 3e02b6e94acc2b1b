// What lies beside the files of a pulled model: which model they are, of which commit, and whether they are whole.
import * as v from 'valibot';
import type { HubName } from './repository.ts';

/** The file's name. */
export const factsName = 'pulled.json';

const factsSchema = v.object({
  id: v.string(),
  revision: v.string(),
  commit: v.string(),
  isComplete: v.boolean(),
  /** Bytes of the whole; absent in folders of older versions. */
  totalBytes: v.exactOptional(v.number()),
});

/** They. */
export type PulledFacts = v.InferOutput<typeof factsSchema>;

/** Reads them; undefined of anything else: then the folder is none of ours. */
export function readFacts(bytes: Uint8Array | undefined): PulledFacts | undefined {
  try {
    const facts = v.safeParse(factsSchema, bytes && JSON.parse(new TextDecoder().decode(bytes)));
    return facts.success ? facts.output : undefined;
  } catch {
    return undefined;
  }
}

/** The file's bytes. */
export function factsBytes({
  id,
  revision,
  commit,
  isComplete,
  totalBytes,
}: PulledFacts): Uint8Array<ArrayBuffer> {
  const facts = { id, revision, commit, isComplete, totalBytes };
  return new TextEncoder().encode(`${JSON.stringify(facts, undefined, 2)}\n`);
}

/** Whether a model's facts are those that a name means: of any revision, or of one that is a branch, a tag or begins a commit. */
export function isNamed(facts: PulledFacts, id: string, revision: HubName['revision'] | undefined): boolean {
  return (
    facts.id === id &&
    (revision === undefined || facts.revision === revision || facts.commit.startsWith(revision))
  );
}
