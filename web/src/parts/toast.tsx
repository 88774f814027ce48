/** One line about what was just done, read out too; gone after a while. */
import { signal } from '@preact/signals';
import { problemOf } from '../api/call';
import { Said } from './text';

const shown = signal<{ text: string; isBad: boolean } | null>(null);
let timer: number | undefined;

export function say(text: string, isBad = false): void {
  shown.value = { text, isBad };
  clearTimeout(timer);
  timer = window.setTimeout(() => (shown.value = null), isBad ? 10_000 : 5000);
}

/** Does it and says so, or why not. */
export async function attempt<T>(
  what: () => Promise<T>,
  done: string | ((found: T) => string),
): Promise<T | undefined> {
  try {
    const found = await what();
    say(typeof done === 'string' ? done : done(found));
    return found;
  } catch (error) {
    say(problemOf(error).detail, true);
    return undefined;
  }
}

export function Toasts() {
  const now = shown.value;
  return (
    <div class="toasts" role="status">
      {now && (
        <div class={now.isBad ? 'toast bad' : 'toast'}>
          <Said text={now.text} />
          <button type="button" class="small" onClick={() => (shown.value = null)}>
            Dismiss
          </button>
        </div>
      )}
    </div>
  );
}
