/** Counts, asks, does, and shows how far it is. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { post, problemOf } from '../api/call';
import { refresh } from '../api/live';
import type { BulkAnswer } from '../api/types';
import { bulk, LABELS, type Action, type Progress, type Target } from '../jobs/bulk';
import { count, plural } from '../text/number';
import { Dialog } from './dialog';
import { Said } from './text';

interface Props {
  action: Action;
  target: Target;
  /** Whom it is about, after the count: `of flaky in emails`. */
  about: string;
  onClose: (isDone: boolean) => void;
}

const GONE: Record<Action, string> = {
  retry: 'They go to the back of their queues, with all their tries before them.',
  run: 'They run as soon as a worker is free, instead of at their time.',
  cancel: 'They will not run. What runs already is not stopped.',
  delete: 'Their records go for good, with payloads, results and errors.',
};

const NONE: Progress = { matched: 0, done: 0, skipped: 0, examined: 0, details: [] };

export function BulkDialog({ action, target, about, onClose }: Props) {
  const ids = 'task_ids' in target ? target.task_ids.length : null;
  const [step, setStep] = useState<'counting' | 'asking' | 'doing' | 'done'>(ids === null ? 'counting' : 'asking');
  const [so, tell] = useState<Progress>(NONE);
  const [total, setTotal] = useState(ids ?? 0);
  const [error, setError] = useState('');
  const stop = useRef(new AbortController());

  const run = async (dryRun: boolean): Promise<Progress | null> => {
    try {
      return await bulk((body) => post<BulkAnswer>('bulk', body), action, target, dryRun, tell, stop.current.signal);
    } catch (found) {
      setError(problemOf(found).detail);
      return null;
    }
  };

  useEffect(() => {
    if (ids === null)
      void run(true).then((counted) => {
        if (!counted || stop.current.signal.aborted) return;
        setTotal(counted.matched);
        setStep('asking');
      });
    return () => stop.current.abort();
  }, []);

  const act = async () => {
    setStep('doing');
    tell(NONE);
    await run(false);
    setStep('done');
    refresh();
  };

  return (
    <Dialog title={`${LABELS[action]} jobs`} onClose={() => onClose(step === 'done')}>
      <div aria-live="polite">
        {step === 'counting' && !error && (
          <p>
            Counting… {count(so.matched)} so far, {plural(so.examined, 'record')} looked at.
          </p>
        )}
        {step === 'asking' && (
          <>
            <p>
              <strong>{plural(total, 'job')}</strong> <Said text={about} />. {GONE[action]}
            </p>
            {ids === null && <p class="quiet">Others can match by then: what counts is the filter.</p>}
          </>
        )}
        {(step === 'doing' || step === 'done') && (
          <>
            <progress
              max={Math.max(total, so.done + so.skipped, 1)}
              value={step === 'done' && !error ? Math.max(total, 1) : so.done + so.skipped}
              aria-label="Progress"
            />
            <p>
              {step === 'doing' ? 'So far ' : ''}
              {count(so.done)} done{so.skipped > 0 && `, ${count(so.skipped)} left alone`}.
            </p>
            {so.details.map((detail) => (
              <p class="quiet" key={detail}>
                <Said text={detail} />
              </p>
            ))}
          </>
        )}
        {error && <p class="fault">{error}</p>}
      </div>
      <div class="actions end">
        {step === 'doing' ? (
          <button type="button" onClick={() => stop.current.abort()}>
            Stop
          </button>
        ) : (
          <button type="button" onClick={() => onClose(step === 'done')}>
            {step === 'done' ? 'Close' : 'Leave it'}
          </button>
        )}
        {(step === 'counting' || step === 'asking') && (
          <button
            type="button"
            class={action === 'delete' || action === 'cancel' ? 'danger' : 'primary'}
            disabled={step !== 'asking' || !total}
            onClick={() => void act()}
          >
            {LABELS[action]} {step === 'asking' && plural(total, 'job')}
          </button>
        )}
      </div>
    </Dialog>
  );
}
