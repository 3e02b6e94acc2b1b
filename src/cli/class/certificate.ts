// Certificates for a class over https: given as files, or made here and signed by itself.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';
import { refuse } from '../failure.ts';
import type { ClassStore } from './store.ts';

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Days that a certificate made here holds: a school year. Browsers refuse more than 825. */
const days = 300;

/** Reads the two files. @throws LabError that names the one that cannot be read */
export function readCertificate(certificate: string, key: string): Certificate {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return refuse(
        'invalidFile',
        `class: ${path} cannot be read. Give --certificate and --key as PEM files.`,
      );
    }
  };
  return { cert: read(certificate), key: read(key) };
}

/**
 * A certificate for these names and addresses. One that the class keeps is used again while it covers them and holds:
 * students then accept it once.
 */
export async function selfSigned(
  names: readonly string[],
  store: Pick<ClassStore, 'word' | 'keepWord'>,
): Promise<Certificate> {
  const kept = store.word('certificate');
  if (kept !== undefined) {
    const { until, covered, ...certificate } = JSON.parse(kept) as KeptCertificate;
    if (until > Date.now() && names.every((name) => covered.includes(name))) return certificate;
  }
  const until = new Date(Date.now() + days * 86_400_000);
  const made = await generate([{ name: 'commonName', value: 'Flopscope class' }], {
    keyType: 'ec',
    notAfterDate: until,
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  const certificate = { cert: made.cert, key: made.private };
  store.keepWord('certificate', JSON.stringify({ ...certificate, until: until.getTime(), covered: names }));
  return certificate;
}

interface KeptCertificate extends Certificate {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly covered: readonly string[];
}
