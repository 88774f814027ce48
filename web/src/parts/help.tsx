import { helpIsOpen, PAGES } from '../keys';
import { Dialog } from './dialog';

const KEYS: [string, string][] = [
  ['/', 'search'],
  ['r', 'refresh'],
  ['p', 'pause or resume updates'],
  ['t', 'theme: system, light, dark'],
  ['?', 'this help'],
  ['Esc', 'close, or leave a field'],
];

const STATES: [string, string][] = [
  ['pending', 'waits for a worker'],
  ['delayed', 'waits for its time: the first one, or that of the next try'],
  ['reserved', 'a worker has it: it is running'],
  ['completed', 'done'],
  ['failed', 'out of tries, or not to be tried again'],
  ['cancelled', 'taken back before it ran'],
];

export function Help() {
  return (
    <Dialog title="Help" wide onClose={() => (helpIsOpen.value = false)}>
      <div class="columns">
        <section>
          <h3>Keys</h3>
          <dl class="pairs">
            {PAGES.map(([page, label, key]) => (
              <div key={page}>
                <dt>
                  <kbd>g</kbd> <kbd>{key}</kbd>
                </dt>
                <dd>{label}</dd>
              </div>
            ))}
            {KEYS.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>States of a job</h3>
          <dl class="pairs">
            {STATES.map(([state, what]) => (
              <div key={state}>
                <dt>
                  <span class={`badge is-${state}`}>{state}</span>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
      <form method="dialog" class="actions end">
        <button>Close</button>
      </form>
    </Dialog>
  );
}
