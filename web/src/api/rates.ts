/** Rates out of counters that only grow. */
import type { Sample } from './live';

/** Shorter stretches say little about a minute. */
const SHORTEST_MS = 8000;

export type Count = (sample: Sample) => number;

/** Per minute over the last minute of `samples`; `null` while too little is known. */
export function perMinute(samples: Sample[], of: Count, now: number): number | null {
  const last = samples.at(-1);
  const first = samples.find((sample) => sample.at >= now - 60_000) ?? last;
  if (!first || !last || now - first.at < SHORTEST_MS) return null;
  // No news means that nothing happened, so the stretch reaches up to now.
  return Math.max(0, ((of(last) - of(first)) * 60_000) / (now - first.at));
}

export interface Past {
  step_seconds: number;
  points: { at: string; processed: number; failed: number }[];
}

/** The latest stretch of a history has only begun; less than that of it says little. */
const SHORTEST_PAST_S = 60;

/** Per minute in one stretch of the history, or in the one before as long as this has only begun. */
export function pastRate(past: Past, i: number, of: 'processed' | 'failed', now: number): number | null {
  const point = past.points[i];
  if (!point) return null;
  const seconds = Math.min(past.step_seconds, (now - Date.parse(point.at)) / 1000);
  return seconds < SHORTEST_PAST_S ? pastRate(past, i - 1, of, now) : (point[of] * 60) / seconds;
}

/** What the server remembers of the time before this page was opened, for the gaps at the left of a live chart. */
export function filled(
  times: number[],
  values: (number | null)[],
  past: Past | undefined,
  of: 'processed' | 'failed',
): (number | null)[] {
  if (!past) return values;
  const now = (times.at(-1) ?? 0) * 1000;
  return values.map((value, i) => {
    if (value !== null) return value;
    const at = past.points.findLastIndex((point) => Date.parse(point.at) / 1000 <= times[i]!);
    return pastRate(past, at, of, now);
  });
}

/** Each value of a live chart is the average of so long before it: single jobs make no spikes. */
const SMOOTH_MS = 20_000;

/** One value for each `step` of the `span` before `now`, per minute; `null` where nothing was known yet. */
export function series(
  samples: Sample[],
  of: Count,
  now: number,
  span: number,
  step: number,
): [number[], (number | null)[]] {
  const end = Math.floor(now / step) * step;
  const first = samples[0]?.at ?? Infinity;
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (let at = end - span + step; at <= end; at += step) {
    const from = Math.max(at - SMOOTH_MS, first);
    const [before, after] = [known(samples, of, from), known(samples, of, at)];
    times.push(at / 1000);
    const isKnown = before !== null && after !== null && at - from >= step;
    values.push(isKnown ? (Math.max(0, after - before) * 60_000) / (at - from) : null);
  }
  return [times, values];
}

/** The counter at a time: what the latest news up to then said. News come with each change, so it holds until the next. */
function known(samples: Sample[], of: Count, at: number): number | null {
  const before = samples.findLast((sample) => sample.at <= at);
  return before ? of(before) : null;
}
