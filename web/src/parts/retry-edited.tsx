/** Runs a failed job again with another payload, as a job of its own. */
import { useState } from 'preact/hooks';
import { path, postText, problemOf } from '../api/call';
import { refresh } from '../api/live';
import { parse, pretty, type Node } from '../json/node';
import { go, href } from '../route';
import { Dialog } from './dialog';
import { say } from './toast';

export function RetryEdited({ id, payload, onClose }: { id: string; payload: Node; onClose: () => void }) {
  const [text, setText] = useState(() => pretty(payload));
  const [fault, setFault] = useState('');

  const submit = async () => {
    try {
      const body = `{"task_data":${parse(text).raw}}`;
      const answer = await postText<{ task_id: string }>(path`jobs/${id}/retry`, body);
      onClose();
      say('Stored as a new job.');
      refresh();
      go(href('jobs', answer.task_id));
    } catch (error) {
      setFault(error instanceof SyntaxError ? error.message : problemOf(error).detail);
    }
  };

  return (
    <Dialog title="Edit the payload and retry" wide onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p class="quiet">A new job runs with this payload. The failed one stays as it is.</p>
        {payload.raw.includes('"[secret]"') && (
          <p class="fault">
            Secrets are shown as [secret]. Put the real values in their places, or the new job gets that word.
          </p>
        )}
        <label class="field">
          <span>Payload, JSON</span>
          <textarea
            class="mono"
            rows={14}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            aria-invalid={!!fault}
          />
        </label>
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <div class="actions end">
          <button type="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" class="primary">
            Retry with this
          </button>
        </div>
      </form>
    </Dialog>
  );
}
