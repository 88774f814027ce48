/** Dispatches a job of one type: its payload by a form made from the schema, or as JSON; and how it shall run. */
import { useEffect, useState } from 'preact/hooks';
import { getText, path, postText, problemOf } from '../api/call';
import { queues, refresh } from '../api/live';
import { PRIORITIES, type JobType } from '../api/types';
import { member, parse, pretty } from '../json/node';
import { href } from '../route';
import { blank, fill, write, type Draft, type Fault } from '../schema/draft';
import { fieldOf } from '../schema/field';
import { Inside } from './form-field';
import { Panel } from './panel';
import { Said } from './text';

interface Options {
  queue_name: string;
  priority: string;
  delay: string;
  max_tries: string;
  tags: string;
}

const NO_OPTIONS: Options = { queue_name: '', priority: '', delay: '', max_tries: '', tags: '' };

/** `from`: the job whose payload to begin with. */
export function DispatchForm({ type, from }: { type: JobType; from?: string }) {
  const field = fieldOf(type.schema);
  const hasForm = field.kind === 'object' || field.kind === 'choice';
  const [draft, setDraft] = useState<Draft>(() => blank(field, true));
  const [text, setText] = useState<string | null>(hasForm ? null : '{}');
  const [options, setOptions] = useState(NO_OPTIONS);
  const [faults, setFaults] = useState<Fault[]>([]);
  const [sent, setSent] = useState<string | null>(null);
  const [note, setNote] = useState('');

  /** As a form if it says all of the payload, else as JSON. */
  const show = (json: string) => {
    const node = parse(json);
    const filled = hasForm ? fill(field, node) : null;
    if (filled) setDraft(filled);
    setText(filled ? null : pretty(node));
    return !!filled;
  };

  useEffect(() => {
    if (!from) return;
    void getText(path`jobs/${from}`)
      .then((answer) => {
        const record = parse(answer);
        const payload = member(record, 'task_data');
        if (payload) show(payload.raw);
        setOptions({ ...NO_OPTIONS, queue_name: (JSON.parse(member(record, 'queue_name')?.raw ?? '""') as string) });
        setNote(payload?.raw.includes('"[secret]"') ? 'Secrets are shown as [secret]: put the real values in their places.' : 'With the payload of another job.');
      })
      .catch((error: unknown) => setNote(problemOf(error).detail));
  }, [from]);

  const payloadOf = (found: Fault[]): string | undefined => {
    if (text === null) return write(field, draft, true, found, '/task_data');
    try {
      return parse(text).raw;
    } catch (error) {
      found.push({ pointer: '/task_data', detail: (error as Error).message });
      return undefined;
    }
  };

  const toJson = () => setText(pretty(parse(write(field, draft, true, []) || '{}')));
  const toForm = () => {
    try {
      if (!show(text ?? '{}')) setFaults([{ pointer: '/task_data', detail: 'The form cannot say all of this: send it as JSON.' }]);
      else setFaults([]);
    } catch (error) {
      setFaults([{ pointer: '/task_data', detail: (error as Error).message }]);
    }
  };

  const submit = async () => {
    const found: Fault[] = [];
    const payload = payloadOf(found);
    const rest = optionsJson(options, found);
    setSent(null);
    setFaults(found);
    if (found.length) return;
    try {
      const answer = await postText<{ task_id: string }>('jobs', `{"task_type":${JSON.stringify(type.task_type)},"task_data":${payload}${rest}}`);
      setSent(answer.task_id);
      refresh();
    } catch (error) {
      const problem = problemOf(error);
      setFaults(problem.errors?.length ? problem.errors : [{ pointer: '', detail: problem.detail }]);
    }
  };

  const set = (change: Partial<Options>) => setOptions({ ...options, ...change });
  return (
    <Panel
      title="Dispatch"
      aside={
        hasForm && (
          <div class="segments" role="group" aria-label="Payload as">
            <button type="button" aria-pressed={text === null} onClick={() => text !== null && toForm()}>
              Form
            </button>
            <button type="button" aria-pressed={text !== null} onClick={() => text === null && toJson()}>
              JSON
            </button>
          </div>
        )
      }
    >
      <form
        class="dispatch"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {note && <p class="quiet">{note}</p>}
        {text === null ? (
          <Inside name="payload" field={field} draft={draft} required pointer="/task_data" faults={faults} onChange={setDraft} />
        ) : (
          <label class="field">
            <span>Payload, JSON</span>
            <textarea class="mono" rows={10} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          </label>
        )}
        <details>
          <summary>Queue, priority, delay, tries, tags</summary>
          <div class="options">
            <label class="field">
              <span>Queue</span>
              <input list="queue-names" autocomplete="off" placeholder="the type’s own" value={options.queue_name} onInput={(event) => set({ queue_name: event.currentTarget.value })} />
            </label>
            <datalist id="queue-names">
              {queues.value?.map((queue) => <option key={queue.queue_name} value={queue.queue_name} />)}
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
              <input inputMode="decimal" placeholder="none" value={options.delay} onInput={(event) => set({ delay: event.currentTarget.value })} />
            </label>
            <label class="field">
              <span>Tries at most</span>
              <input inputMode="numeric" placeholder="the type’s own" value={options.max_tries} onInput={(event) => set({ max_tries: event.currentTarget.value })} />
            </label>
            <label class="field">
              <span>Tags, with commas between</span>
              <input autocomplete="off" value={options.tags} onInput={(event) => set({ tags: event.currentTarget.value })} />
            </label>
          </div>
        </details>
        {faults.length > 0 && (
          <ul class="trouble" role="alert">
            {faults.map(({ pointer, detail }) => (
              <li key={pointer + detail}>
                {pointer && <code>{pointer}</code>} <Said text={detail} />
              </li>
            ))}
          </ul>
        )}
        {sent && (
          <p class="success" role="status">
            Stored as <a class="mono" href={href('jobs', sent)}>{sent}</a>
          </p>
        )}
        <div class="actions">
          <button type="submit" class="primary">
            Dispatch
          </button>
        </div>
      </form>
    </Panel>
  );
}

/** The options that are given, as more members of the body. */
function optionsJson(options: Options, faults: Fault[]): string {
  const tags = options.tags.split(',').map((tag) => tag.trim()).filter(Boolean);
  const number = (name: 'delay' | 'max_tries') => {
    const text = options[name].trim();
    if (!text) return '';
    if (!/^\d+(\.\d+)?$/.test(text)) faults.push({ pointer: `/${name}`, detail: 'not a number' });
    return `,"${name}":${text}`;
  };
  return [
    options.queue_name && `,"queue_name":${JSON.stringify(options.queue_name)}`,
    options.priority && `,"priority":${JSON.stringify(options.priority)}`,
    number('delay'),
    number('max_tries'),
    tags.length > 0 && `,"tags":${JSON.stringify(tags)}`,
  ]
    .filter(Boolean)
    .join('');
}
