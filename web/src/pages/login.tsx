/** Asked for when the API wants a key. The key goes to the server once and is kept in no place that scripts can read. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { problemOf } from '../api/call';
import { logIn } from '../api/session';
import { Mark } from '../parts/mark';

export function Login() {
  const [key, setKey] = useState('');
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  const submit = async () => {
    setBusy(true);
    try {
      await logIn(key.trim());
    } catch (error) {
      const problem = problemOf(error);
      setFault(problem.status === 401 ? 'This is no key of this server.' : problem.detail);
      input.current?.select();
    }
    setBusy(false);
  };

  return (
    <main class="alone">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1 class="brand">
          <Mark />
          Journeyman
        </h1>
        <p class="quiet">
          This server asks for an API key. One with the scope read sees everything; operate is for changing what is in
          the queues.
        </p>
        <label class="field">
          <span>API key</span>
          <input
            ref={input}
            type="password"
            autocomplete="current-password"
            required
            value={key}
            aria-invalid={!!fault}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          Log in
        </button>
        <p class="quiet">
          <code>journeyman key new --scope read</code> makes one.
        </p>
      </form>
    </main>
  );
}
