const GROUPED = new Intl.NumberFormat('en');

/** `12,345`. */
export const count = (n: number): string => GROUPED.format(n);

/** A rate or an average: `0.4`, `12.5`, `1,204`; as many digits as say something. */
export function rate(n: number): string {
  if (!Number.isFinite(n)) return '–';
  return GROUPED.format(Number(n.toFixed(n >= 100 ? 0 : n >= 10 ? 1 : 2)));
}

/** `99.2 %`; never 100 while anything failed. */
export function share(part: number, whole: number): string {
  if (!whole) return '–';
  const percent = Math.floor((part / whole) * 1000) / 10;
  return `${percent} %`;
}

/** `1 job`, `2 jobs`. */
export const plural = (n: number, word: string): string => `${count(n)} ${word}${n === 1 ? '' : 's'}`;
