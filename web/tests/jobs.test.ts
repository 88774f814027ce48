import { expect, test } from 'vitest';
import type { BulkAnswer, FailureGroup, JobStatus } from '../src/api/types';
import { bulk, fitting, type Progress } from '../src/jobs/bulk';
import { filterOf, isId, local, utc } from '../src/jobs/filter';
import { mergeGroups } from '../src/jobs/groups';
import { merge } from '../src/jobs/news';
import { collect } from '../src/jobs/pages';
import { timeline } from '../src/jobs/timeline';

test('the address says what the API is asked', () => {
  expect(
    filterOf(
      { state: 'failed', queue: 'a b', text: 'mail', in: 'error', within: '1h', junk: 'x' },
      Date.UTC(2026, 0, 1, 12),
    ),
  ).toEqual({
    state: 'failed',
    queue_name: 'a b',
    text: 'mail',
    text_in: 'error',
    since: '2026-01-01T11:00:00.000Z',
  });
  expect(filterOf({ in: 'error', until: '2026-01-01T00:00:00Z' }, 0)).toEqual({ until: '2026-01-01T00:00:00Z' });
  expect(filterOf({}, 0)).toEqual({});
});

test('local times come back from the address as they were typed', () => {
  expect(local(utc('2026-02-03T04:05'))).toBe('2026-02-03T04:05');
  expect([utc(''), utc('x'), local(undefined)]).toEqual(['', '', '']);
});

test('an id is told from a text', () => {
  expect(isId(' 0198c0de-7a11-7000-8000-00000000c8e5 ')).toBe(true);
  expect(isId('0198c0de')).toBe(false);
});

test('empty pages are read past, but not without end', async () => {
  let calls = 0;
  const part = await collect(async (cursor) => {
    calls++;
    const at = Number(cursor || 0);
    return { rows: at < 3 ? [] : [at], next: at < 4 ? String(at + 1) : null, examined: 10 };
  }, 50);
  expect(part).toEqual({ rows: [3, 4], next: null, examined: 50 });
  calls = 0;
  expect((await collect(async () => (calls++, { rows: [], next: 'x', examined: 1 }), 1)).next).toBe('x');
  expect(calls).toBeLessThan(20);
});

const answer = (more: Partial<BulkAnswer>): BulkAnswer => ({
  matched: 0,
  done: 0,
  skipped: 0,
  examined: 0,
  next_cursor: null,
  ...more,
});

test('a bulk operation is called on with its cursor and adds up', async () => {
  const bodies: unknown[] = [];
  const told: Progress[] = [];
  const answers = [
    answer({ matched: 2, done: 2, examined: 9, next_cursor: 'c' }),
    answer({ matched: 1, skipped: 1, examined: 3, results: [{ task_id: 'x', outcome: 'skipped', detail: 'it runs' }] }),
  ];
  const so = await bulk(
    async (body) => (bodies.push(body), answers.shift()!),
    'retry',
    { filter: { state: 'failed' } },
    false,
    (so) => told.push(so),
    new AbortController().signal,
  );
  expect(bodies).toEqual([
    { action: 'retry', filter: { state: 'failed' } },
    { action: 'retry', filter: { state: 'failed' }, cursor: 'c' },
  ]);
  expect(so).toEqual({ matched: 3, done: 2, skipped: 1, examined: 12, details: ['it runs'] });
  expect(told).toHaveLength(2);
});

test('many ids go in parts, and stopping ends after one', async () => {
  const stop = new AbortController();
  const sizes: number[] = [];
  const ids = Array.from({ length: 2500 }, (_, i) => String(i));
  const call = async (body: Record<string, unknown>) => (sizes.push((body.task_ids as string[]).length), answer({}));
  await bulk(call, 'delete', { task_ids: ids }, false, () => {}, stop.signal);
  expect(sizes).toEqual([1000, 1000, 500]);
  await bulk(call, 'delete', { task_ids: ids }, false, () => stop.abort(), stop.signal);
  expect(sizes).toHaveLength(4);
});

test('only actions that fit are offered', () => {
  expect(fitting(['failed'])).toEqual(['retry', 'delete']);
  expect(fitting(['delayed'])).toEqual(['run', 'cancel']);
  expect(fitting(['reserved'])).toEqual([]);
});

test('news change rows in place; new ones are only counted', () => {
  const shown = [
    { task_id: 'a', n: 1 },
    { task_id: 'b', n: 1 },
  ];
  const news = merge(
    shown,
    [
      { task_id: 'c', n: 2 },
      { task_id: 'b', n: 2 },
    ],
    true,
  );
  expect(news.rows).toEqual([
    { task_id: 'a', n: 1 },
    { task_id: 'b', n: 2 },
  ]);
  expect(news.fresh).toBe(1);
  expect([...news.gone]).toEqual(['a']);
  expect(merge(shown, []).gone.size).toBe(0);
});

const group = (more: Partial<FailureGroup>): FailureGroup => ({
  fingerprint: 'f',
  task_type: 't',
  kind: 'error',
  message: 'm',
  count: 1,
  first_seen: '2026-01-02',
  last_seen: '2026-01-03',
  queues: ['a'],
  sample: 's',
  ...more,
});

test('groups of several pages become one', () => {
  const merged = mergeGroups(
    [group({}), group({ fingerprint: 'g', last_seen: '2026-01-04' })],
    [group({ count: 4, first_seen: '2026-01-01', last_seen: '2026-01-02', message: 'older', queues: ['b', 'a'] })],
  );
  expect(merged.map((group) => group.fingerprint)).toEqual(['g', 'f']);
  expect(merged[1]).toEqual(group({ count: 5, first_seen: '2026-01-01', queues: ['a', 'b'] }));
});

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const job = (more: object) =>
  ({
    status: 'pending',
    attempts: 0,
    created_at: at(0),
    available_at: at(0),
    started_at: null,
    finished_at: null,
    history: [],
    ...more,
  }) as unknown as JobStatus;
const ran = (attempt: number, from: number, to: number) => ({
  attempt,
  started_at: at(from),
  finished_at: at(to),
  outcome: 'error',
  worker: 'w',
  error: null,
});
const told = (job: JobStatus) =>
  timeline(job).map(({ kind, from, to }) => [
    kind,
    (from - Date.parse(at(0))) / 1000,
    to === null ? null : (to - Date.parse(at(0))) / 1000,
  ]);

test('a life is told from its record', () => {
  expect(told(job({}))).toEqual([['waiting', 0, null]]);
  expect(told(job({ status: 'delayed', available_at: at(60) }))).toEqual([['delayed', 0, null]]);
  expect(told(job({ status: 'reserved', available_at: at(5), started_at: at(7) }))).toEqual([
    ['delayed', 0, 5],
    ['waiting', 5, 7],
    ['run', 7, null],
  ]);
  expect(told(job({ status: 'delayed', available_at: at(30), started_at: at(1), history: [ran(1, 1, 4)] }))).toEqual([
    ['waiting', 0, 1],
    ['run', 1, 4],
    ['backoff', 4, null],
  ]);
  expect(
    told(job({ status: 'failed', available_at: at(8), finished_at: at(12), history: [ran(1, 1, 4), ran(2, 10, 12)] })),
  ).toEqual([
    ['waiting', 0, 1],
    ['run', 1, 4],
    ['backoff', 4, 8],
    ['waiting', 8, 10],
    ['run', 10, 12],
  ]);
});

test('what was before the kept attempts is not made up', () => {
  expect(told(job({ status: 'failed', finished_at: at(99), history: [ran(7, 90, 91)] }))[0]).toEqual(['run', 90, 91]);
});
