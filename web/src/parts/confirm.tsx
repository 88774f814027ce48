/** A question before what cannot be taken back. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { Dialog } from './dialog';
import { Said } from './text';

interface Question {
  title: string;
  text: string;
  verb: string;
  /** Has to be typed first. */
  typed?: string;
  act: () => void;
}

const asked = signal<Question | null>(null);

export function confirm(question: Question): void {
  asked.value = question;
}

export function Confirm() {
  return asked.value && <Asked key={asked.value.title} {...asked.value} />;
}

function Asked({ title, text, verb, typed, act }: Question) {
  const [word, setWord] = useState('');
  const close = () => (asked.value = null);
  return (
    <Dialog title={title} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          close();
          act();
        }}
      >
        <p>
          <Said text={text} />
        </p>
        {typed && (
          <label class="field">
            <span>
              Type <code>{typed}</code> to go on
            </span>
            <input value={word} autocomplete="off" onInput={(event) => setWord(event.currentTarget.value)} />
          </label>
        )}
        <div class="actions end">
          <button type="button" onClick={close}>
            Leave it
          </button>
          <button type="submit" class="danger" disabled={!!typed && word !== typed}>
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
