import { expect, test } from 'vitest';
import { perMinute, series } from '../src/api/rates';
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
