/** One field of a form made from a schema, with the fields inside it. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { blank, escaped, type Draft, type Fault } from '../schema/draft';
import type { Field } from '../schema/field';
import { Input, type Aria } from './form-input';
import { Said } from './text';

interface Props {
  name: string;
  field: Field;
  draft: Draft;
  required: boolean;
  pointer: string;
  faults: Fault[];
  onChange: (draft: Draft) => void;
}

export function FormField(props: Props) {
  const { field, draft } = props;
  if (field.kind === 'object' || field.kind === 'array' || field.kind === 'choice') return <Group {...props} />;
  return (
    <Labelled
      {...props}
      input={(aria) => (
        <Input
          aria={aria}
          field={field}
          text={(draft as string | undefined) ?? ''}
          required={props.required}
          onChange={props.onChange}
        />
      )}
    />
  );
}

function Labelled({
  name,
  field,
  required,
  pointer,
  faults,
  input,
}: Props & { input: (aria: Aria) => ComponentChildren }) {
  const id = useId();
  const fault = faultAt(faults, pointer);
  return (
    <div class="field">
      <label for={id}>
        <Said text={name} /> <Type field={field} required={required} />
      </label>
      {input({ id, 'aria-describedby': `${id}-help`, 'aria-invalid': !!fault })}
      <Help id={`${id}-help`} field={field} fault={fault} />
    </div>
  );
}

/** What a schema says is the author's, but kept short: patterns can be long. */
function Help({ id, field, fault }: { id: string; field: Field; fault?: string }) {
  return (
    <div id={id} class="help">
      {fault && (
        <div class="fault">
          <Said text={fault} />
        </div>
      )}
      {field.description && (
        <div>
          <Said text={field.description} />
        </div>
      )}
      {field.limits && (
        <div class="clip">
          <Said text={field.limits.slice(0, 160)} />
        </div>
      )}
    </div>
  );
}

function Type({ field, required }: { field: Field; required: boolean }) {
  const words = [
    field.kind === 'json' ? 'JSON' : field.kind,
    !required && 'optional',
    field.nullable && (required ? 'empty for null' : 'nullable'),
  ];
  return <small>{words.filter(Boolean).join(', ')}</small>;
}

/** Fields that hold fields. An optional one is left out until it is added. */
function Group({ name, field, draft, required, pointer, faults, onChange }: Props) {
  const id = useId();
  const isThere = draft !== undefined;
  return (
    <fieldset aria-describedby={id}>
      <legend>
        <Said text={name} /> <Type field={field} required={required} />
      </legend>
      <Help id={id} field={field} fault={faultAt(faults, pointer)} />
      {isThere && <Inside {...{ name, field, draft, required, pointer, faults, onChange }} />}
      {!required && (
        <button type="button" class="small" onClick={() => onChange(isThere ? undefined : blank(field, true))}>
          {isThere ? 'Leave out' : 'Add'} {name}
        </button>
      )}
    </fieldset>
  );
}

/** What is inside a group, without its frame: the payload itself needs none. */
export function Inside({ field, draft, pointer, faults, onChange }: Props) {
  if (field.kind === 'object') {
    const members = draft as { [name: string]: Draft };
    if (!field.members.length) return <p class="quiet">It takes no fields.</p>;
    return (
      <>
        {field.members.map((member) => (
          <FormField
            key={member.name}
            {...member}
            draft={members[member.name]}
            pointer={`${pointer}/${escaped(member.name)}`}
            faults={faults}
            onChange={(inner) => onChange({ ...members, [member.name]: inner })}
          />
        ))}
      </>
    );
  }
  if (field.kind === 'array') {
    const items = draft as Draft[];
    return (
      <>
        {items.map((item, i) => (
          <div class="item" key={i}>
            <FormField
              name={`${i + 1}.`}
              field={field.item}
              draft={item}
              required
              pointer={`${pointer}/${i}`}
              faults={faults}
              onChange={(inner) => onChange(items.with(i, inner))}
            />
            <button
              type="button"
              class="small"
              aria-label={`Remove item ${i + 1}`}
              onClick={() => onChange(items.toSpliced(i, 1))}
            >
              Remove
            </button>
          </div>
        ))}
        <button type="button" class="small" onClick={() => onChange([...items, blank(field.item, true)])}>
          Add an item
        </button>
      </>
    );
  }
  if (field.kind !== 'choice') return null;
  const choice = draft as { pick: number; draft: Draft };
  const picked = field.options[choice.pick]!;
  return (
    <>
      <select
        aria-label="Which kind"
        value={choice.pick}
        onChange={(event) => {
          const pick = Number(event.currentTarget.value);
          onChange({ pick, draft: blank(field.options[pick]!.field, true) });
        }}
      >
        {field.options.map(({ label }, i) => (
          <option key={i} value={i}>
            {label}
          </option>
        ))}
      </select>
      <FormField
        name={picked.label}
        field={picked.field}
        draft={choice.draft}
        required
        pointer={pointer}
        faults={faults}
        onChange={(inner) => onChange({ pick: choice.pick, draft: inner })}
      />
    </>
  );
}

function faultAt(faults: Fault[], pointer: string): string | undefined {
  return faults.find((fault) => fault.pointer === pointer)?.detail;
}
