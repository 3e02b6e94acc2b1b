// Sizes of files as people write them: 5GB, 500MB, 64KiB.
import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** The least that a file of weights is cut to: below it a model would be thousands of files. */
const leastBytes = 1024;

/** Bytes of a size. @throws InvalidArgumentError that says how one is written */
export function parseBytes(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN));
  if (digits !== '' && bytes >= leastBytes && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError('Use a size from 1KiB on, such as 500MB or 5GB.');
}
