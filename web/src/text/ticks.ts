/** Where a chart has its lines. */

const STEPS = [1, 2, 2.5, 5, 10];

/** Round values from 0 to at least `max`, about `want` of them. */
export function ticks(max: number, want = 4): number[] {
  if (max <= 0) return [0, 1];
  const rough = max / want;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = STEPS.find((step) => step * size >= rough * 0.999)! * size;
  const end = Math.ceil(max / step - 1e-9) || 1;
  return Array.from({ length: end + 1 }, (_, i) => i * step);
}

const SPANS = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800];

/** Round local times between two, in seconds since 1970; at most `most`. */
export function timeTicks(from: number, to: number, most: number): number[] {
  const step = SPANS.find((step) => (to - from) / step <= most) ?? SPANS.at(-1)!;
  const zone = new Date(from * 1000).getTimezoneOffset() * 60;
  const found = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) found.push(at);
  return found;
}

/** `14:05`, with seconds or the day where the ticks are that near or far from each other. */
export function timeLabel(at: number, step: number): string {
  const date = new Date(at * 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (step < 60) return `${clock}:${two(date.getSeconds())}`;
  const isMidnight = clock === '00:00';
  return step >= 86_400 || (step >= 7200 && isMidnight) ? `${date.getDate()}.${date.getMonth() + 1}.` : clock;
}
