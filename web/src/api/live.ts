/** The store's numbers as they change: by the event stream, or by asking every few seconds where no stream comes through. */
import { computed, effect, signal } from '@preact/signals';
import { ROOT, get, locked, problemOf } from './call';
import { me } from './session';
import type { Counters, Overview, Problem, Queue } from './types';

const POLL_MS = 5000;
const LONGEST_BACKOFF_MS = 60_000;
/** Live charts go back this far. */
export const WINDOW_MS = 5 * 60_000;

export interface Sample {
  at: number;
  counters: Counters;
  /** processed, by queue */
  queues: Record<string, number>;
}

export const overview = signal<Overview | null>(null);
export const queues = signal<Queue[] | null>(null);
/** Grows with each piece of news: pages that live look again then. */
export const pulse = signal(0);
/** Grows when the reader wants everything anew, also while updates are paused. */
export const refreshes = signal(0);
export const samples = signal<Sample[]>([]);
/** By the reader's wish. */
export const paused = signal(false);
export const hidden = signal(false);
const streaming = signal(false);
/** Why there are no news, if there are none. */
export const trouble = signal<Problem | null>(null);

export const link = computed(() => {
  if (paused.value) return 'paused';
  if (trouble.value) return 'offline';
  return streaming.value ? 'live' : 'polling';
});

/** Now by the server's clock, as far as the last news tell; moves each second while the page is seen. */
export const now = signal(Date.now());
let skew = 0;

export function refresh(): void {
  refreshes.value++;
  void ask();
}

/** Starts once the reader is known; stops while nobody looks. */
export function watch(): void {
  document.addEventListener('visibilitychange', () => {
    hidden.value = document.hidden;
  });
  setInterval(() => {
    if (!hidden.value) now.value = Date.now() + skew;
  }, 1000);
  effect(() => {
    if (me.value && !locked.value && !paused.value && !hidden.value) return open();
    return undefined;
  });
}

function open(): () => void {
  let source: EventSource | undefined;
  let again: number | undefined;
  let backoff = 1000;
  const connect = () => {
    source = new EventSource(ROOT + 'events');
    source.addEventListener('overview', (event) => {
      backoff = 1000;
      streaming.value = true;
      const news = JSON.parse((event as MessageEvent<string>).data) as { overview: Overview; queues: Queue[] };
      take(news.overview, news.queues);
    });
    source.onerror = () => {
      streaming.value = false;
      // A browser gives a refused stream up for good. Proxies that hold a stream back must not be stormed either.
      if (source?.readyState !== EventSource.CLOSED) return;
      again = window.setTimeout(connect, backoff);
      backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
    };
  };
  connect();
  void ask();
  const poll = setInterval(() => {
    if (!streaming.value) void ask();
  }, POLL_MS);
  return () => {
    source?.close();
    clearTimeout(again);
    clearInterval(poll);
    streaming.value = false;
  };
}

async function ask(): Promise<void> {
  try {
    const [numbers, list] = await Promise.all([get<Overview>('overview'), get<{ queues: Queue[] }>('queues')]);
    take(numbers, list.queues);
  } catch (error) {
    trouble.value = problemOf(error);
  }
}

function take(numbers: Overview, list: Queue[]): void {
  const told = numbers.status_time;
  const at = typeof told === 'number' ? told * 1000 : Date.parse(told);
  if (Number.isFinite(at)) skew = at - Date.now();
  trouble.value = null;
  overview.value = numbers;
  queues.value = list;
  pulse.value++;
  const sample: Sample = {
    at: Date.now() + skew,
    counters: numbers.counters,
    queues: Object.fromEntries(list.map((queue) => [queue.queue_name, queue.counters.processed])),
  };
  samples.value = [...samples.value.filter((old) => old.at > sample.at - WINDOW_MS - 5000), sample];
}
