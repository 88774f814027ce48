/** The input of a field that holds no others. What stands in it stays text until it is sent. */
import type { Draft } from '../schema/draft';
import type { Field } from '../schema/field';

/** What ties an input to its label, its help and its fault. */
export interface Aria {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
}

interface InputProps {
  aria: Aria;
  field: Field;
  text: string;
  required: boolean;
  onChange: (draft: Draft) => void;
}

export function Input({ aria, field, text, required, onChange }: InputProps) {
  const take = (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    onChange(value === '' && !required ? undefined : value);
  };
  switch (field.kind) {
    case 'const':
      return <Select aria={aria} text={text} isOpen={!required} options={[[field.json, field.json]]} take={take} />;
    case 'boolean':
      return (
        <Select
          aria={aria}
          text={text}
          isOpen={!required || field.nullable}
          options={[
            ['true', 'true'],
            ['false', 'false'],
          ]}
          take={take}
        />
      );
    case 'enum':
      return (
        <>
          <Select
            aria={aria}
            text={text}
            isOpen={!required || field.nullable}
            options={field.options.map(({ json, label }) => [json, label])}
            take={take}
          />
          <div class="help">{field.options.find(({ json }) => json === text)?.description}</div>
        </>
      );
    case 'json':
      return (
        <textarea
          {...aria}
          class="mono"
          rows={3}
          spellcheck={false}
          placeholder={'{"any": "JSON"}'}
          value={text}
          onInput={take}
        />
      );
    case 'string':
      return (
        <textarea
          {...aria}
          rows={text.length > 80 || text.includes('\n') ? 4 : 1}
          spellcheck={false}
          placeholder={field.fallback}
          value={text}
          onInput={take}
        />
      );
    default:
      return (
        <input
          {...aria}
          inputMode="decimal"
          autocomplete="off"
          placeholder={field.fallback}
          value={text}
          onInput={take}
        />
      );
  }
}

interface SelectProps {
  aria: Aria;
  text: string;
  isOpen: boolean;
  options: [string, string][];
  take: (event: { currentTarget: { value: string } }) => void;
}

function Select({ aria, text, isOpen, options, take }: SelectProps) {
  return (
    <select {...aria} value={text} onChange={take}>
      {isOpen && <option value="">–</option>}
      {options.map(([json, label]) => (
        <option key={json} value={json}>
          {label}
        </option>
      ))}
    </select>
  );
}
