/** Numbers as a person reads them; the same everywhere, whatever the machine's language. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** `1,590 MB`, `3.1 MB`, `90 kB`: decimal units, as Docker counts. */
export function formatBytes(bytes: number): string {
  const megabytes = bytes / 1e6;
  if (megabytes >= 9.95) return `${whole.format(megabytes)} MB`;
  if (megabytes >= 0.995) return `${oneDigit.format(megabytes)} MB`;
  if (bytes >= 1000) return `${whole.format(bytes / 1000)} kB`;
  return bytes === 0 ? '0 MB' : `${whole.format(bytes)} B`;
}

/** `0.20 s`, `3.1 s`, `80 s`, `5 min 12 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.995) return `${twoDigits.format(seconds)} s`;
  if (seconds < 9.95) return `${oneDigit.format(seconds)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 120) return `${rounded} s`;
  const rest = rounded % 60;
  return `${whole.format(Math.floor(rounded / 60))} min${rest === 0 ? '' : ` ${rest} s`}`;
}

/** `0.38` of another value; null where there is nothing to compare with. */
export function ratio(value: number | null, before: number | null): number | null {
  return value === null || before === null || before === 0 ? null : value / before;
}

export function formatRatio(share: number): string {
  return share >= 9.995 ? oneDigit.format(share) : twoDigits.format(share);
}

/** `62%`; a difference that rounding would hide is told by a digit more. */
export function formatPercent(share: number): string {
  const percent = Math.abs(share) * 100;
  return percent > 0 && percent < 9.95 ? `${oneDigit.format(percent)}%` : `${whole.format(percent)}%`;
}

/**
 * How a value compares, in words: `62% smaller`, `the same`, `3.0% larger`.
 * @param words what less and more of it are called
 */
export function formatChange(
  value: number,
  before: number,
  [less, more]: readonly [string, string] = ['smaller', 'larger'],
): string {
  if (before === 0) return value === 0 ? 'the same' : more;
  const change = value / before - 1;
  if (Math.abs(change) < 0.0005) return 'the same';
  return `${formatPercent(change)} ${change < 0 ? less : more}`;
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** `25 November 2026`. */
export function formatDay(iso: string): string {
  return day.format(new Date(iso));
}
