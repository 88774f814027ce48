import { expect, test } from 'vitest';
import { count, plural, rate, share } from '../src/text/number';
import { reveal } from '../src/text/reveal';
import { ticks } from '../src/text/ticks';
import { duration, instant, relative } from '../src/text/time';

test('durations have two units at most', () => {
  const said: [number, string][] = [
    [0, '0 ms'],
    [0.4, '0.4 ms'],
    [840, '840 ms'],
    [999.7, '1 s'],
    [1250, '1.25 s'],
    [59_940, '59.9 s'],
    [59_999, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [187_200_000, '2 d 4 h'],
    [-5, '0 ms'],
    [NaN, '–'],
  ];
  for (const [ms, words] of said) expect(duration(ms)).toBe(words);
});

test('a time keeps its microseconds', () => {
  expect(instant('2026-02-02T02:40:00.000001Z') - instant('2026-02-02T02:40:00Z')).toBeCloseTo(0.001, 3);
  expect(instant('2026-02-02T02:40:00.120500Z') - instant('2026-02-02T02:40:00.120Z')).toBeCloseTo(0.5, 3);
  expect(instant('nonsense')).toBeNaN();
});

test('times are told from now, both ways', () => {
  expect(relative(0, 1000)).toBe('just now');
  expect(relative(0, 185_000)).toBe('3 min ago');
  expect(relative(7_300_000, 0)).toBe('in 2 h');
});

test('numbers', () => {
  expect(count(1234567)).toBe('1,234,567');
  expect([0, 0.4, 12.54, 30, 1204.4].map(rate)).toEqual(['0', '0.4', '12.5', '30', '1,204']);
  expect(share(99_999, 100_000)).toBe('99.9 %');
  expect(share(0, 0)).toBe('–');
  expect([plural(1, 'job'), plural(0, 'job')]).toEqual(['1 job', '0 jobs']);
});

test('characters that hide or turn text are written out', () => {
  expect(reveal('a\u202eexe.gpj')).toBe('a\\u202eexe.gpj');
  expect(reveal('\u0000\ttab\nline')).toBe('\\u0000\ttab\nline');
  expect(reveal('naïve – 日本語 👩‍💻')).toBe('naïve – 日本語 👩‍💻');
});

test('a chart has round lines that reach above its values', () => {
  expect(ticks(0)).toEqual([0, 1]);
  expect(ticks(31)).toEqual([0, 10, 20, 30, 40]);
  expect(ticks(0.9).at(-1)).toBeCloseTo(1);
});
