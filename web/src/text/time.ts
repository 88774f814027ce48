/** Times of the API are RFC 3339 with microseconds, which `Date` would cut to milliseconds. */

const UNITS: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** Milliseconds since 1970, with the microseconds as decimals; NaN if `text` is no time. */
export function instant(text: string): number {
  const decimals = /\.(\d+)/.exec(text)?.[1] ?? '';
  return Date.parse(text) + Number('0.' + (decimals.slice(3, 6) || '0'));
}

/** `0.4 ms`, `840 ms`, `1.25 s`, `3 min 20 s`, `2 d 4 h`: two units at most. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 0) ms = 0;
  if (ms < 1) return ms < 0.05 ? '0 ms' : `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9995) return `${Number((ms / 1000).toFixed(2))} s`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const whole = Math.round(ms / 1000) * 1000;
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const [name, size] = UNITS[at]!;
  const [lesser, step] = UNITS[at + 1]!;
  const rest = Math.floor((whole % size) / step);
  return `${Math.floor(whole / size)} ${name}${rest ? ` ${rest} ${lesser}` : ''}`;
}

/** `just now`, `3 min ago`, `in 2 h`: one unit, since the exact time is on hover. */
export function relative(then: number, now: number): string {
  const away = Math.abs(then - now);
  if (!Number.isFinite(away)) return '–';
  if (away < 1500) return 'just now';
  const [name, size] = UNITS.find(([, size]) => away >= size) ?? UNITS[3]!;
  const span = `${Math.floor(away / size)} ${name}`;
  return then < now ? `${span} ago` : `in ${span}`;
}

/** Local time to the second, and the zone: `2026-02-02 03:40:00.120 GMT+1`. */
export function exact(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const two = (n: number) => String(n).padStart(2, '0');
  const zone = -at.getTimezoneOffset() / 60;
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${clock}.${String(at.getMilliseconds()).padStart(3, '0')} ${zone ? `GMT${zone > 0 ? '+' : ''}${zone}` : 'UTC'}`;
}
