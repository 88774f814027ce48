import { expect, test } from 'vitest';
import { pastRate, perMinute, series } from '../src/api/rates';
import type { Sample } from '../src/api/live';
import { href, read } from '../src/route';

test('stored names cannot leave their place in an address', () => {
  const name = '../#/jobs?state=x&y="><script>%2f';
  const route = read(href('types', name, { queue: name, state: '' }));
  expect(route).toEqual({ page: 'types', id: name, query: { queue: name } });
});

test('an address without a page is the overview, a broken one breaks nothing', () => {
  expect(read('').page).toBe('overview');
  expect(read('#/jobs?state=failed')).toEqual({ page: 'jobs', id: '', query: { state: 'failed' } });
  expect(read('#/jobs/%E0%A4%A')).toEqual({ page: 'jobs', id: '%E0%A4%A', query: {} });
});

const sample = (at: number, processed: number) => ({ at, counters: { processed } }) as Sample;
const processed = (sample: Sample) => sample.counters.processed;

test('a rate is that of the last minute, and silence lowers it', () => {
  const samples = [sample(0, 0), sample(100_000, 100), sample(130_000, 160)];
  expect(perMinute(samples, processed, 130_000)).toBe(120);
  expect(perMinute(samples, processed, 160_000)).toBe(60);
  expect(perMinute(samples.slice(2), processed, 131_000)).toBeNull();
  expect(perMinute([], processed, 0)).toBeNull();
});

test('a live chart has gaps where nothing was known', () => {
  const samples = [sample(10_000, 5), sample(14_000, 9)];
  const [times, values] = series(samples, processed, 40_400, 40_000, 5000);
  expect(times).toEqual([5, 10, 15, 20, 25, 30, 35, 40]);
  // Four jobs in 5 s, 10 s, 15 s; then they fall out of the average.
  expect(values).toEqual([null, null, 48, 24, 16, 12, 0, 0]);
});

test('a stretch of the history that has only begun is not taken for a slump', () => {
  const point = (at: number, processed: number) => ({ at: new Date(at * 1000).toISOString(), processed, failed: 0 });
  const minutes = { step_seconds: 60, points: [point(0, 90), point(60, 10)] };
  expect(pastRate(minutes, 1, 'processed', 75_000)).toBe(90);
  expect(pastRate(minutes, 1, 'processed', 120_000)).toBe(10);
  const hours = { step_seconds: 7200, points: [point(0, 120), point(7200, 120)] };
  expect([0, 1].map((i) => pastRate(hours, i, 'processed', 10_800_000))).toEqual([1, 2]);
  expect(pastRate({ step_seconds: 60, points: [] }, -1, 'processed', 0)).toBeNull();
});
