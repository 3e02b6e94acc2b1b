// Turns numbers into text, for page, reports and command line: three digits, SI prefixes, durations, shares. The only place
// that does. Between a figure and its unit stands a narrow space that does not break; the command line writes a plain one.

/** Shown where a figure is not known. */
export const unknown = '–';

const prefixes = [
  { factor: 1e18, sign: 'E' },
  { factor: 1e15, sign: 'P' },
  { factor: 1e12, sign: 'T' },
  { factor: 1e9, sign: 'G' },
  { factor: 1e6, sign: 'M' },
  { factor: 1e3, sign: 'k' },
  { factor: 1, sign: '' },
  { factor: 1e-3, sign: 'm' },
  { factor: 1e-6, sign: 'µ' },
  { factor: 1e-9, sign: 'n' },
] as const;

const binaryPrefixes = ['', 'Ki', 'Mi', 'Gi', 'Ti'] as const;
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 4 });
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
/** Between a number and its unit: they stay on one line. */
const thin = '\u202f';

/** A text of figures with plain spaces before units: what a terminal searches and a script splits. */
export function plainSpaces(text: string): string {
  return text.replaceAll(thin, ' ');
}

/** Three significant digits without an exponent: 1.23, 12.3, 123. The value should lie in [0.001, 1000). */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  return value.toFixed(decimals);
}

/** A figure with three digits, an SI prefix and a unit: `1.23 Mtok/s`; the dash when it is not finite. */
export function formatSi(value: number | undefined, unit = ''): string {
  if (value === undefined || !Number.isFinite(value)) return unknown;
  if (value === 0) return unit === '' ? '0' : `0${thin}${unit}`;
  const size = Math.abs(value);
  // 999.6 rounds to 1000 at three digits, so the next prefix begins half a digit early.
  const prefix = prefixes.find(({ factor }) => size >= factor * 0.9995) ?? prefixes[prefixes.length - 1];
  if (prefix === undefined) return unknown;
  const text = threeDigits(value / prefix.factor);
  const suffix = `${prefix.sign}${unit}`;
  return suffix === '' ? text : `${text}${thin}${suffix}`;
}

/** A figure of any size as it can be typed in again: three digits, `0.285`, `1,758`, `2.70e21`. */
export function formatDigits(value: number | undefined): string {
  return plainFigure(value) ?? (value as number).toExponential(2).replace('e+', 'e');
}

/** The same as it is read: `0.285`, `1,758`, `2.70×10²¹`. */
export function formatPower(value: number | undefined): string {
  const plain = plainFigure(value);
  if (plain !== undefined) return plain;
  const [digits = '', exponent = ''] = (value as number).toExponential(2).split('e');
  return `${digits}×10${superscript(exponent)}`;
}

/** Three digits from 0.001 on, grouped ones from 1000 to 99,999; undefined for what needs an exponent. */
function plainFigure(value: number | undefined): string | undefined {
  if (value === undefined || !Number.isFinite(value)) return unknown;
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 999.5 && size < 99_999.5) return grouped.format(value);
  return size >= 0.001 && size < 999.5 ? threeDigits(value) : undefined;
}

/** A figure without a unit: whole below a thousand if it is, a prefix from there on, else as `formatDigits`. */
export function formatFigure(value: number | undefined): string {
  if (value !== undefined && Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  const isLarge = value !== undefined && Math.abs(value) >= 999.5 && Math.abs(value) < 1e18;
  return isLarge ? formatSi(value) : formatDigits(value);
}

/** The label of an axis' tick, as short as it is exact: `0.2`, `50`, `20k`, `3M`, from `powersFrom` on `10²¹`. */
export function formatTick(value: number, powersFrom = 1e12): string {
  if (!Number.isFinite(value)) return unknown;
  const exact = Number(value.toPrecision(6));
  const size = Math.abs(exact);
  if (size >= powersFrom || (size > 0 && size < 1e-3)) {
    const [digits = '', exponent = ''] = exact.toExponential().split('e');
    return `${digits === '1' ? '' : `${digits}×`}10${superscript(exponent)}`;
  }
  const prefix = prefixes.find(({ factor }) => factor <= 1e9 && factor > 1 && size >= factor);
  return prefix === undefined
    ? String(exact)
    : `${Number((exact / prefix.factor).toPrecision(6))}${prefix.sign}`;
}

/** An amount of US dollars in three digits: `$0.42`, `$2,704`, `$16.6M`, `$94.0B`. */
export function formatDollars(dollars: number | undefined): string {
  if (dollars === undefined || !Number.isFinite(dollars)) return unknown;
  const size = Math.abs(dollars);
  if (size === 0) return '$0';
  if (size >= 999.5e12 || size < 0.001) return `$${formatPower(dollars)}`;
  if (size < 9999.5) return `$${size >= 999.5 ? grouped.format(dollars) : threeDigits(dollars)}`;
  const [factor, sign] =
    size >= 999.5e9 ? [1e12, 'T'] : size >= 999.5e6 ? [1e9, 'B'] : size >= 999.5e3 ? [1e6, 'M'] : [1e3, 'K'];
  return `$${threeDigits(dollars / Number(factor))}${sign}`;
}

function superscript(exponent: string): string {
  return exponent
    .replace('+', '')
    .replace(/./g, (sign) => (sign === '-' ? '⁻' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? '')));
}

/** A size as papers write it, in four digits at most: `70.55B`, `1.4T`. */
export function formatCompact(value: number): string {
  return compact.format(value);
}

/** A whole number with grouped digits: `10,745,088`. */
export function formatCount(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? unknown : grouped.format(value);
}

/** Bytes in powers of 1024: `147 MiB`. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined || !Number.isFinite(bytes)) return unknown;
  let index = 0;
  let value = bytes;
  while (Math.abs(value) >= 999.5 && index < binaryPrefixes.length - 1) {
    value /= 1024;
    index += 1;
  }
  const digits = index === 0 ? value.toFixed(0) : threeDigits(value);
  return `${digits}${thin}${binaryPrefixes[index]}B`;
}

/** A figure in its unit, as records name units: page and report say the same. */
export function formatInUnit(value: number | undefined, unit: string): string {
  switch (unit) {
    case 'B':
      return formatBytes(value);
    case 's':
      return formatSeconds(value);
    case '%':
      return formatPercent(value === undefined ? value : value / 100);
    case '×':
      return formatRatio(value);
    case 'nats':
      return formatLoss(value);
    case '':
      return formatCount(value);
    default:
      return formatSi(value, unit);
  }
}

/** A short time: `1.23 ms`; from two minutes on as `formatDuration`. */
export function formatSeconds(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return unknown;
  return Math.abs(seconds) >= 120 ? formatDuration(seconds) : formatSi(seconds, 's');
}

/** A waiting time in its two largest units: `< 1 s`, `12 s`, `2 min 05 s`, `1 h 12 min`, `3 d 04 h`. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds) || seconds < 0) return unknown;
  const whole = Math.round(seconds);
  if (whole === 0 && seconds > 0) return `<${thin}1${thin}s`;
  if (whole < 60) return `${whole}${thin}s`;
  const [large, small, unit, rest] =
    whole < 3600 ? [60, 1, 'min', 's'] : whole < 86_400 ? [3600, 60, 'h', 'min'] : [86_400, 3600, 'd', 'h'];
  const first = Math.floor(whole / Number(large));
  const second = Math.floor((whole % Number(large)) / Number(small));
  return `${first}${thin}${unit} ${String(second).padStart(2, '0')}${thin}${rest}`;
}

/** A loss in nats per token, four decimals. */
export function formatLoss(loss: number | undefined): string {
  return loss === undefined || !Number.isFinite(loss) ? unknown : loss.toFixed(4);
}

/** The same where there is less room: three. */
export function formatShortLoss(loss: number | undefined): string {
  return loss === undefined || !Number.isFinite(loss) ? unknown : loss.toFixed(3);
}

/** A share of one as percent: `37.1 %`. */
export function formatPercent(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return unknown;
  const percent = share * 100;
  const decimals = Math.abs(percent) >= 99.95 ? 0 : Math.abs(percent) >= 0.0995 ? 1 : 2;
  return `${percent.toFixed(decimals)}${thin}%`;
}

/** A small share whose hundredths of a percent count, such as the misfit of a law: `0.54 %`. */
export function formatFinePercent(share: number | undefined): string {
  return share === undefined || !Number.isFinite(share) ? unknown : `${(100 * share).toFixed(2)}${thin}%`;
}

/** Measured over predicted: `0.93×`. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined || !Number.isFinite(ratio) ? unknown : `${threeDigits(ratio)}×`;
}

/** A relative half-width: `± 4 %`; empty when it is not known. */
export function formatSpread(relative: number | undefined): string {
  if (relative === undefined || !Number.isFinite(relative)) return '';
  const percent = relative * 100;
  return `±${thin}${percent < 1 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)}${thin}%`;
}

/** A learning rate or another setting as short as it can be: `3e-4`, `0.95`, `128`. */
export function formatSetting(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'number') return String(value ?? unknown);
  if (value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 1e6)) return String(value);
  return value.toExponential().replace('e+', 'e');
}

let times: Intl.DateTimeFormat | undefined;

/** An ISO date as the reader's own calendar writes it; as it is where it is none. */
export function describeTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  // Made when it is first needed and kept: making one takes a hundred times as long as using it.
  times ??= new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'short' });
  return times.format(date);
}
