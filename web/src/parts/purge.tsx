/** Removes what waits in a queue. Its name has to be typed: nothing brings the jobs back. */
import { useRef, useState } from 'preact/hooks';
import { path, post, problemOf } from '../api/call';
import { queues, refresh } from '../api/live';
import { PRIORITIES } from '../api/types';
import { plural } from '../text/number';
import { Dialog } from './dialog';
import { Said } from './text';

export function Purge({ name, onClose }: { name: string; onClose: () => void }) {
  const [typed, type] = useState('');
  const [priority, setPriority] = useState('');
  const [purged, setPurged] = useState<number | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const stopped = useRef(false);
  const queue = queues.value?.find((queue) => queue.queue_name === name);

  const act = async () => {
    setBusy(true);
    let sum = 0;
    try {
      for (let more = true; more && !stopped.current;) {
        const answer = await post<{ purged: number; more: boolean }>(
          path`queues/${name}/purge`,
          priority ? { priority } : {},
        );
        sum += answer.purged;
        more = answer.more;
        setPurged(sum);
      }
    } catch (error) {
      setFault(problemOf(error).detail);
    }
    setBusy(false);
    refresh();
  };
  const close = () => {
    stopped.current = true;
    onClose();
  };

  return (
    <Dialog title="Purge a queue" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void act();
        }}
      >
        <p>
          Removes the pending and delayed jobs of <Said text={name} /> for good
          {queue &&
            !priority &&
            `: ${plural(queue.pending, 'pending job')} and ${plural(queue.delayed, 'delayed job')}`}
          . What runs goes on.
        </p>
        {purged === null && (
          <>
            <label class="field">
              <span>Priority</span>
              <select value={priority} onChange={(event) => setPriority(event.currentTarget.value)}>
                <option value="">all of them</option>
                {PRIORITIES.map((priority) => (
                  <option key={priority} value={priority}>
                    only {priority}
                  </option>
                ))}
              </select>
            </label>
            <label class="field">
              <span>Type the queue’s name to go on</span>
              <input
                class="mono"
                value={typed}
                autocomplete="off"
                spellcheck={false}
                onInput={(event) => type(event.currentTarget.value)}
              />
            </label>
          </>
        )}
        <p aria-live="polite">{purged !== null && `${plural(purged, 'job')} removed${isBusy ? ' so far' : ''}.`}</p>
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <div class="actions end">
          <button type="button" onClick={close}>
            {purged === null ? 'Leave it' : isBusy ? 'Stop' : 'Close'}
          </button>
          {purged === null && (
            <button type="submit" class="danger" disabled={typed !== name || isBusy}>
              Purge
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
