/** An operation on many jobs. One call does a bounded part of it; calling on is the progress. */
import type { BulkAnswer, JobSummary, State } from '../api/types';
import type { Filter } from './filter';

export type Action = 'retry' | 'run' | 'cancel' | 'delete';

/** States that an action can do something about; the server leaves the others alone. */
export const TAKES: Record<Action, State[]> = {
  retry: ['failed', 'cancelled'],
  run: ['delayed'],
  cancel: ['pending', 'delayed'],
  delete: ['completed', 'failed', 'cancelled'],
};
export const ACTIONS = Object.keys(TAKES) as Action[];
export const LABELS: Record<Action, string> = { retry: 'Retry', run: 'Run now', cancel: 'Cancel', delete: 'Delete' };

export type Target = { task_ids: string[] } | { filter: Filter };

export interface Progress {
  matched: number;
  done: number;
  skipped: number;
  examined: number;
  /** Reasons that single jobs were left alone, once each. */
  details: string[];
}

type Call = (body: Record<string, unknown>) => Promise<BulkAnswer>;

/** The most ids one call takes. */
const MOST_IDS = 1000;

/** Goes through all of `target`, telling how far it is; stops after the present part once `signal` says so. */
export async function bulk(
  call: Call,
  action: Action,
  target: Target,
  dryRun: boolean,
  tell: (so: Progress) => void,
  signal: AbortSignal,
): Promise<Progress> {
  let so: Progress = { matched: 0, done: 0, skipped: 0, examined: 0, details: [] };
  const add = (answer: BulkAnswer) => {
    const told = (answer.results ?? []).flatMap(({ detail }) => detail ?? []);
    so = {
      matched: so.matched + answer.matched,
      done: so.done + answer.done,
      skipped: so.skipped + answer.skipped,
      examined: so.examined + answer.examined,
      details: [...new Set([...so.details, ...told])].slice(0, 5),
    };
    tell(so);
  };

  if ('task_ids' in target) {
    for (let at = 0; at < target.task_ids.length && !signal.aborted; at += MOST_IDS)
      add(await call({ action, task_ids: target.task_ids.slice(at, at + MOST_IDS) }));
    return so;
  }
  let cursor: string | null | undefined;
  while (cursor !== null && !signal.aborted) {
    const answer: BulkAnswer = await call({
      action,
      filter: target.filter,
      ...(cursor && { cursor }),
      ...(dryRun && { dry_run: true }),
    });
    add(answer);
    cursor = answer.next_cursor;
  }
  return so;
}

/** Actions that fit at least one of the states. */
export function fitting(states: (State | undefined)[]): Action[] {
  return ACTIONS.filter((action) => states.some((state) => !state || TAKES[action].includes(state)));
}

export const fits = (action: Action, job: Pick<JobSummary, 'status'>): boolean => TAKES[action].includes(job.status);
