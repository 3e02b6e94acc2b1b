// Numbers as text: three digits, prefixes, durations, and a dash for what is not known.
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDigits,
  formatDollars,
  formatDuration,
  formatFigure,
  formatFinePercent,
  formatInUnit,
  formatLoss,
  formatPercent,
  formatPower,
  formatRatio,
  formatSeconds,
  formatSetting,
  formatShortLoss,
  formatSi,
  formatSpread,
  formatTick,
  plainSpaces,
} from '../../src/text/numbers.ts';

const plain = plainSpaces;

describe('format', () => {
  it.each([
    [0, '', '0'],
    [1, 'tok/s', '1.00 tok/s'],
    [999.4, '', '999'],
    [999.6, '', '1.00 k'],
    [1234, 'FLOP', '1.23 kFLOP'],
    [12_345, 'FLOP', '12.3 kFLOP'],
    [123_456, '', '123 k'],
    [875_062_886_400, 'FLOP', '875 GFLOP'],
    [5.813e15, 'FLOP', '5.81 PFLOP'],
    [0.00215, 's', '2.15 ms'],
    [6.4e-6, 's', '6.40 µs'],
    [3e-10, 's', '0.300 ns'],
    [-1500, '', '-1.50 k'],
  ])('writes %d %s as %s', (value, unit, text) => {
    expect(plain(formatSi(value, unit))).toBe(text);
  });

  it('keeps hundredths of a percent, thousandths of a loss, and four digits of a size, where these are asked for', () => {
    expect(plain(formatFinePercent(0.005_43))).toBe('0.54 %');
    expect(formatShortLoss(3.0602)).toBe('3.060');
    expect([formatCompact(70.553e9), formatCompact(1.4e12)]).toEqual(['70.55B', '1.4T']);
  });

  it('shows a dash for what is not known or not finite', () => {
    for (const format of [
      formatSi,
      formatCount,
      formatBytes,
      formatSeconds,
      formatDuration,
      formatFigure,
      formatLoss,
      formatPercent,
      formatFinePercent,
      formatShortLoss,
      formatDigits,
    ]) {
      expect(format(undefined)).toBe('–');
      expect(format(Number.NaN)).toBe('–');
      expect(format(Number.POSITIVE_INFINITY)).toBe('–');
    }
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.977 KiB'],
    [154_389_504, '147 MiB'],
    [3 * 2 ** 30, '3.00 GiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(plain(formatBytes(bytes))).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [0.4, '< 1 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [4320, '1 h 12 min'],
    [273_600, '3 d 04 h'],
  ])('writes a wait of %d seconds as %s', (seconds, text) => {
    expect(plain(formatDuration(seconds))).toBe(text);
  });

  it('writes settings as short as they can be', () => {
    expect([3e-4, 0.95, 128, 1e-5, true, false, 'cosine', 0].map(formatSetting)).toEqual([
      '3e-4',
      '0.95',
      '128',
      '1e-5',
      'on',
      'off',
      'cosine',
      '0',
    ]);
  });

  it('writes a figure of a record in its unit', () => {
    const figures = [
      [2048, 'B', '2.00 KiB'],
      [10, '%', '10.0 %'],
      [0.008, 's', '8.00 ms'],
      [1.5, '×', '1.50×'],
      [2.5, 'nats', '2.5000'],
      [498_528, '', '498,528'],
      [2e9, 'FLOP/s', '2.00 GFLOP/s'],
      [undefined, '%', '–'],
    ] as const;
    for (const [value, unit, text] of figures) expect(plain(formatInUnit(value, unit))).toBe(text);
  });

  it('writes counts, losses, shares, ratios and spreads', () => {
    expect(formatCount(10_745_088)).toBe('10,745,088');
    expect(formatLoss(1.88)).toBe('1.8800');
    expect(plain(formatPercent(0.3714))).toBe('37.1 %');
    expect(plain(formatPercent(1.0023))).toBe('100 %');
    expect(formatRatio(0.933)).toBe('0.933×');
    expect(plain(formatSpread(0.04))).toBe('± 4 %');
    expect(formatSpread(undefined)).toBe('');
    expect(formatDigits(0.85)).toBe('0.850');
    expect(formatDigits(12_345)).toBe('12,345');
    expect(formatDigits(2.7e21)).toBe('2.70e21');
    expect(formatDigits(1e-18)).toBe('1.00e-18');
  });
});

describe('figures of any size', () => {
  it.each([
    [0, '0'],
    [0.285, '0.285'],
    [5.2, '5.20'],
    [999.4, '999'],
    [1757.6, '1,758'],
    [99_999, '99,999'],
    [99_999.7, '1.00×10⁵'],
    [1.4584e13, '1.46×10¹³'],
    [-2.704e21, '-2.70×10²¹'],
    [1e-18, '1.00×10⁻¹⁸'],
    [Number.NaN, '–'],
  ])('writes %d as %s', (value, text) => {
    expect(formatPower(value)).toBe(text);
  });

  it.each([
    [0, '0'],
    [0.2, '0.2'],
    [50, '50'],
    [2000, '2k'],
    [1500, '1.5k'],
    [3e6, '3M'],
    [5e11, '500G'],
    [1e12, '10¹²'],
    [2e21, '2×10²¹'],
    [1e-6, '10⁻⁶'],
  ])('labels a tick at %d with %s', (value, text) => {
    expect(formatTick(value)).toBe(text);
  });

  it('labels a tick with a power as early as it is asked to', () => {
    expect(formatTick(1e7, 1e6)).toBe('10⁷');
    expect(formatTick(1e5, 1e6)).toBe('100k');
  });

  it.each([
    [0, '$0'],
    [0.42, '$0.420'],
    [2704, '$2,704'],
    [49_160, '$49.2K'],
    [999_700, '$1.00M'],
    [16.6e6, '$16.6M'],
    [94.0e9, '$94.0B'],
    [1e-18, '$1.00×10⁻¹⁸'],
  ])('writes %d dollars as %s', (value, text) => {
    expect(formatDollars(value)).toBe(text);
  });
});

describe('a figure without a unit', () => {
  it.each([
    [0, '0'],
    [6, '6'],
    [999, '999'],
    [1234, '1.23 k'],
    [2.7, '2.70'],
    [-12.345, '-12.3'],
    [6.71e11, '671 G'],
    [4.6e-10, '4.60e-10'],
    [2.64e24, '2.64e24'],
    [Number.NaN, '–'],
  ])('%s reads %s', (value, text) => {
    expect(plainSpaces(formatFigure(value))).toBe(text);
  });
});
