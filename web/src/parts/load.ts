/** Data of a page: loaded when its key changes, and again with the news, while the old data stays on the screen. */
import { useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { problemOf } from '../api/call';
import { paused, pulse, refreshes } from '../api/live';
import type { Problem } from '../api/types';

export interface Loaded<T> {
  data: Signal<T | undefined>;
  problem: Signal<Problem | null>;
  reload: () => Promise<void>;
}

/** `every`: with news, but not more often than that many milliseconds. Without it, with the Refresh key alone. */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>, every = 0): Loaded<T> {
  const data = useSignal<T | undefined>(undefined);
  const problem = useSignal<Problem | null>(null);
  const latest = useRef({ load, turn: 0, abort: new AbortController(), at: 0, timer: 0, refreshes: refreshes.peek() });
  latest.current.load = load;

  const reload = async () => {
    const mine = latest.current;
    const turn = ++mine.turn;
    mine.abort.abort();
    mine.abort = new AbortController();
    mine.at = Date.now();
    try {
      const found = await mine.load(mine.abort.signal);
      if (turn !== mine.turn) return; // A later request has the say.
      data.value = found;
      problem.value = null;
    } catch (error) {
      if (turn === mine.turn) problem.value = problemOf(error);
    }
  };

  useEffect(() => {
    data.value = undefined;
    void reload();
    const mine = latest.current;
    return () => {
      mine.turn++;
      mine.abort.abort();
      clearTimeout(mine.timer);
    };
  }, [key]);

  useSignalEffect(() => {
    const mine = latest.current;
    if (refreshes.value !== mine.refreshes) {
      mine.refreshes = refreshes.value;
      void reload();
    }
    if (!pulse.value || !every || paused.peek()) return;
    clearTimeout(mine.timer);
    mine.timer = window.setTimeout(() => void reload(), Math.max(0, mine.at + every - Date.now()));
  });

  return { data, problem, reload };
}
