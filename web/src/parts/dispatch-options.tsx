/** How a job shall run: what may be given beside its payload. */
import { queues } from '../api/live';
import { PRIORITIES } from '../api/types';
import type { Fault } from '../schema/draft';

export interface Options {
  queue_name: string;
  priority: string;
  delay: string;
  max_tries: string;
  wait: string;
  tags: string;
}

export const NO_OPTIONS: Options = { queue_name: '', priority: '', delay: '', max_tries: '', wait: '', tags: '' };

export function OptionFields({ options, onChange }: { options: Options; onChange: (options: Options) => void }) {
  const set = (change: Partial<Options>) => onChange({ ...options, ...change });
  return (
    <details>
      <summary>Queue, priority, delay, tries, tags</summary>
      <div class="options">
        <label class="field">
          <span>Queue</span>
          <input
            list="queue-names"
            autocomplete="off"
            placeholder="the type’s own"
            value={options.queue_name}
            onInput={(event) => set({ queue_name: event.currentTarget.value })}
          />
        </label>
        <datalist id="queue-names">
          {queues.value?.map((queue) => (
            <option key={queue.queue_name} value={queue.queue_name} />
          ))}
        </datalist>
        <label class="field">
          <span>Priority</span>
          <select value={options.priority} onChange={(event) => set({ priority: event.currentTarget.value })}>
            <option value="">the type’s own</option>
            {PRIORITIES.map((priority) => (
              <option key={priority}>{priority}</option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Delay, seconds</span>
          <input
            inputMode="decimal"
            placeholder="none"
            value={options.delay}
            onInput={(event) => set({ delay: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>Tries at most</span>
          <input
            inputMode="numeric"
            placeholder="the type’s own"
            value={options.max_tries}
            onInput={(event) => set({ max_tries: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>Wait between tries, seconds</span>
          <input
            inputMode="decimal"
            placeholder="the type’s own"
            value={options.wait}
            onInput={(event) => set({ wait: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>Tags, with commas between</span>
          <input
            autocomplete="off"
            value={options.tags}
            onInput={(event) => set({ tags: event.currentTarget.value })}
          />
        </label>
      </div>
    </details>
  );
}

/** The options that are given, as more members of the body. */
export function optionsJson(options: Options, faults: Fault[]): string {
  const tags = options.tags
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean);
  const number = (name: 'delay' | 'max_tries' | 'wait', pointer = `/${name}`) => {
    const text = options[name].trim();
    if (text && !/^\d+(\.\d+)?$/.test(text)) faults.push({ pointer, detail: 'not a number' });
    return text;
  };
  const [delay, tries, wait] = [number('delay'), number('max_tries'), number('wait', '/retry_config/delay')];
  return [
    options.queue_name && `,"queue_name":${JSON.stringify(options.queue_name)}`,
    options.priority && `,"priority":${JSON.stringify(options.priority)}`,
    delay && `,"delay":${delay}`,
    tries && `,"max_tries":${tries}`,
    wait && `,"retry_config":{"strategy":"fixed","delay":${wait}}`,
    tags.length > 0 && `,"tags":${JSON.stringify(tags)}`,
  ]
    .filter(Boolean)
    .join('');
}
