/** A list of jobs that stays up to date without moving under the reader's hand. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, problemOf } from '../api/call';
import { paused, pulse, refreshes } from '../api/live';
import type { JobsPage, JobSummary, Problem } from '../api/types';
import type { Filter } from '../jobs/filter';
import { merge } from '../jobs/news';
import { collect, type Part } from '../jobs/pages';

export const PAGE = 50;
const LOOK_EVERY_MS = 3000;
/** Further down, rows that come in on top would push away what is read. */
const NEAR_TOP_PX = 200;

interface List extends Part<JobSummary> {
  /** The top of the list as it is now; `null` if it is what is shown. */
  latest: Part<JobSummary> | null;
  isFirstPage: boolean;
}

export interface Feed {
  list: List | null;
  problem: Problem | null;
  isBusy: boolean;
  fresh: number;
  gone: ReadonlySet<string>;
  more: () => void;
  reload: () => void;
}

/** `isHeld`: nothing changes, since rows are picked. `isUnderCursor`: rows only change in place. */
export function useFeed(filter: Filter, isHeld: boolean, isUnderCursor: { current: boolean }): Feed {
  const [list, setList] = useState<List | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  // What an answer finds when it arrives; each change of the list makes the answers under way stale.
  const state = useRef({ list, isHeld, turn: 0, looked: 0, timer: 0 }).current;
  state.list = list;
  state.isHeld = isHeld;

  const load = async (before: List | null) => {
    const turn = ++state.turn;
    setBusy(true);
    try {
      const part = await collect((cursor) => page(filter, cursor), PAGE, before?.next ?? '');
      if (turn !== state.turn) return;
      setList({
        rows: [...(before?.rows ?? []), ...part.rows],
        next: part.next,
        examined: (before?.examined ?? 0) + part.examined,
        latest: null,
        isFirstPage: !before,
      });
      setProblem(null);
    } catch (error) {
      if (turn === state.turn) setProblem(problemOf(error));
    }
    if (turn === state.turn) setBusy(false);
  };

  const look = async () => {
    const { turn } = state;
    if (!state.list || state.isHeld || isBusy) return;
    state.looked = Date.now();
    const found = await page(filter, '').catch(() => null);
    if (!found || turn !== state.turn || state.isHeld) return;
    setList(looked(state.list, found, isUnderCursor.current));
  };

  const anew = refreshes.value;
  useEffect(() => void load(null), [anew]);
  const beat = pulse.value;
  useEffect(() => {
    if (!beat || paused.peek()) return;
    clearTimeout(state.timer);
    state.timer = window.setTimeout(() => void look(), Math.max(0, state.looked + LOOK_EVERY_MS - Date.now()));
  }, [beat]);
  useEffect(
    () => () => {
      state.turn++;
      clearTimeout(state.timer);
    },
    [],
  );

  const { latest } = list ?? {};
  const { fresh, gone } = merge(list?.rows ?? [], latest?.rows ?? [], latest?.next === null);
  return { list, problem, isBusy, fresh, gone, more: () => void load(list), reload: () => void load(null) };
}

/** The list after a look at its top: replaced where nobody reads or points, else changed in place. */
function looked(list: List, found: Part<JobSummary>, isUnderCursor: boolean): List {
  // A look reads a bounded number of records: fewer rows than a page say nothing unless it was all.
  const isWhole = found.rows.length >= PAGE || found.next === null;
  const isFree = list.isFirstPage && !isUnderCursor && scrollY < NEAR_TOP_PX && matchMedia('(hover: hover)').matches;
  if (isWhole && (isFree || !list.rows.length)) return { ...found, latest: null, isFirstPage: true };
  return { ...list, rows: merge(list.rows, found.rows).rows, latest: found };
}

async function page(filter: Filter, cursor: string): Promise<Part<JobSummary>> {
  const { jobs, next_cursor, examined } = await get<JobsPage>('jobs', { ...filter, limit: String(PAGE), cursor });
  return { rows: jobs, next: next_cursor, examined };
}
