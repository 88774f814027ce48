/** Dispatches a job of one type: its payload by a form made from the schema, or as JSON; and how it shall run. */
import { useEffect, useState } from 'preact/hooks';
import { getText, path, postText, problemOf } from '../api/call';
import { refresh } from '../api/live';
import type { JobType } from '../api/types';
import { member, parse, pretty } from '../json/node';
import { href } from '../route';
import { blank, fill, write, type Draft, type Fault } from '../schema/draft';
import { fieldOf } from '../schema/field';
import { NO_OPTIONS, OptionFields, optionsJson } from './dispatch-options';
import { Inside } from './form-field';
import { Panel } from './panel';
import { Said } from './text';

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
        setOptions({ ...NO_OPTIONS, queue_name: JSON.parse(member(record, 'queue_name')?.raw ?? '""') as string });
        setNote(
          payload?.raw.includes('"[secret]"')
            ? 'Secrets are shown as [secret]: put the real values in their places.'
            : 'With the payload of another job.',
        );
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
      if (!show(text ?? '{}'))
        setFaults([{ pointer: '/task_data', detail: 'The form cannot say all of this: send it as JSON.' }]);
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
      const answer = await postText<{ task_id: string }>(
        'jobs',
        `{"task_type":${JSON.stringify(type.task_type)},"task_data":${payload}${rest}}`,
      );
      setSent(answer.task_id);
      refresh();
    } catch (error) {
      const problem = problemOf(error);
      setFaults(problem.errors?.length ? problem.errors : [{ pointer: '', detail: problem.detail }]);
    }
  };

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
          <Inside
            name="payload"
            field={field}
            draft={draft}
            required
            pointer="/task_data"
            faults={faults}
            onChange={setDraft}
          />
        ) : (
          <label class="field">
            <span>Payload, JSON</span>
            <textarea
              class="mono"
              rows={10}
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
        )}
        <OptionFields options={options} onChange={setOptions} />
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
            Stored as{' '}
            <a class="mono" href={href('jobs', sent)}>
              {sent}
            </a>
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
