/** A job's life as stretches of time, out of what its record says. */
import type { Attempt, JobStatus } from '../api/types';
import { instant } from '../text/time';

export interface Stretch {
  kind: 'delayed' | 'waiting' | 'backoff' | 'run';
  from: number;
  /** `null`: it lasts still. */
  to: number | null;
  attempt?: Attempt;
}

export function timeline(job: JobStatus): Stretch[] {
  const stretches: Stretch[] = [];
  const due = instant(job.available_at);
  const running = job.status === 'reserved' && job.started_at ? instant(job.started_at) : null;
  const starts = [...job.history.map((attempt) => instant(attempt.started_at)), ...(running === null ? [] : [running])];
  const waits = (from: number, to: number | null, isFirst: boolean) => {
    // `available_at` is that of the next attempt, so of stretches past only one knows when it was due.
    const wait = isFirst ? 'delayed' : 'backoff';
    if (due > from + 1 && (to === null || due <= to)) {
      const over = to !== null || job.status !== 'delayed';
      stretches.push({ kind: wait, from, to: over ? due : null });
      if (over) stretches.push({ kind: 'waiting', from: due, to });
    } else stretches.push({ kind: isFirst ? 'waiting' : 'backoff', from, to });
  };

  let from = instant(job.created_at);
  // The record keeps the latest attempts only: what was before the first of them is not known.
  const isWhole = job.history.length === 0 || job.history[0]!.attempt === 1;
  job.history.forEach((attempt, i) => {
    if (i > 0 || isWhole) waits(from, starts[i]!, i === 0);
    from = instant(attempt.finished_at);
    stretches.push({ kind: 'run', from: starts[i]!, to: from, attempt });
  });
  if (running !== null) {
    waits(from, running, job.history.length === 0);
    stretches.push({ kind: 'run', from: running, to: null });
  } else if (job.status === 'pending' || job.status === 'delayed') waits(from, null, job.history.length === 0);
  else if (job.status === 'cancelled' && job.finished_at)
    waits(from, instant(job.finished_at), job.history.length === 0);
  return stretches;
}
