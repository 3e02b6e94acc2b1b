// Reads run records of any origin: everything in the file is checked, and what is not known is dropped.
import * as v from 'valibot';
import type { RunRecord } from '../../contract/records.ts';
import { issueText } from '../../data/issue-text.ts';
import { parseStrictJson, quoteName } from '../../data/strict-json.ts';
import { parseExperiment, schemaVersion } from '../../model/config.ts';
import { recordVersion, runRecordSchema } from './schema.ts';

/** Name of a record in a directory of results. */
export const recordFileName = 'record.json';

/** Bytes of a file that is read at all: ten times what the longest run makes. */
export const maximumRecordBytes = 32 * 1024 * 1024;
const bounds = { maxDepth: 12, maxKeys: 400 } as const;

/** Keys that would reach an object's prototype wherever a program copies them by name. */
const forbiddenKeys = ['__proto__', 'constructor', 'prototype'] as const;

const headerSchema = v.looseObject({
  format: v.literal('flopscope-run'),
  version: v.number(),
  configVersion: v.optional(v.number(), 0),
});

/**
 * The record in a file's bytes. @param who the file, for messages
 * @throws an Error in one sentence for what is no record, damaged, forged, too large, or of a newer version.
 */
export function readRunRecord(bytes: Uint8Array, who = 'record'): RunRecord {
  if (bytes.byteLength > maximumRecordBytes) {
    const size = `${bytes.byteLength} bytes, and a record has at most ${maximumRecordBytes}`;
    throw new Error(`${who}: too large: ${size}. Choose a ${recordFileName}.`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${who}: not UTF-8 text. The file is damaged or no run record.`);
  }
  return checkRunRecord(parseStrictJson(who, text, bounds), who);
}

/** The record in parsed JSON. @throws as `readRunRecord` */
export function checkRunRecord(json: unknown, who = 'record'): RunRecord {
  refuseForbiddenKeys(json, who);
  checkHeader(json, who);
  const parsed = v.safeParse(runRecordSchema, json, { abortEarly: true });
  if (!parsed.success) {
    const fault = issueText(parsed.issues[0], 'the record');
    throw new Error(`${who}: ${fault}. The file is damaged or was changed by hand.`);
  }
  const record = parsed.output;
  const result = parseExperiment(record.experiment);
  if (result.kind === 'problem') {
    const [problem] = result.problems;
    throw new Error(`${who}: experiment: ${problem?.path}: ${problem?.message} The file is damaged.`);
  }
  for (const list of ['steps', 'evaluations'] as const) {
    const wrong = record[list].findIndex(({ step }, i) => i > 0 && step <= (record[list][i - 1]?.step ?? 0));
    if (wrong >= 0) throw new Error(`${who}: ${list}[${wrong}]: out of order. The file is damaged.`);
  }
  return { ...record, experiment: result.experiment };
}

/** A record's file. @throws RangeError never: every number in a record is finite */
export function writeRunRecord(record: RunRecord): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(record)}\n`);
}

/** A newer version may have other fields: it is named as newer before they are looked at. */
function checkHeader(json: unknown, who: string): void {
  const header = v.safeParse(headerSchema, json);
  if (!header.success) throw new Error(`${who}: this is no run record. Choose a ${recordFileName}.`);
  const { version, configVersion } = header.output;
  const [what, found, known] =
    version > recordVersion
      ? ['version', version, recordVersion]
      : ['configuration version', configVersion, schemaVersion];
  if (found <= known) return;
  throw new Error(
    `${who}: its ${what} ${found} is newer than ${known}, the newest that this Flopscope reads. ` +
      'The file was left as it is; use a newer Flopscope.',
  );
}

function refuseForbiddenKeys(json: unknown, who: string): void {
  if (typeof json !== 'object' || json === null) return;
  if (!Array.isArray(json)) {
    const found = forbiddenKeys.find((key) => Object.hasOwn(json, key));
    if (found) throw new Error(`${who}: a key is ${quoteName(found)}. The file was changed by hand.`);
  }
  for (const value of Object.values(json)) refuseForbiddenKeys(value, who);
}
