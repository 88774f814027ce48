/** What somebody has typed into a form, and the JSON it stands for. Numbers stay text, so that none is rounded. */
import { member, parse, pretty, type Node } from '../json/node';
import type { Field, Member } from './field';

/** `undefined`: left out. A string is what stands in the input. */
export type Draft = string | Draft[] | { [name: string]: Draft } | { pick: number; draft: Draft } | undefined;
type Members = { [name: string]: Draft };
type Choice = { pick: number; draft: Draft };

export interface Fault {
  pointer: string;
  detail: string;
}

/** What stands in the form before anything is typed. */
export function blank(field: Field, required: boolean): Draft {
  if (!required) return undefined;
  switch (field.kind) {
    case 'object':
      return Object.fromEntries(field.members.map(({ name, required, field }) => [name, blank(field, required)]));
    case 'array':
      return [];
    case 'choice':
      return { pick: 0, draft: blank(field.options[0]!.field, true) };
    case 'const':
      return field.json;
    case 'boolean':
      return field.fallback ?? 'false';
    case 'enum':
      return field.fallback ?? field.options[0]?.json ?? '';
    default:
      return '';
  }
}

/** The JSON text of `draft`; `undefined` if it is left out. What cannot be sent is told to `faults`. */
export function write(
  field: Field,
  draft: Draft,
  required: boolean,
  faults: Fault[],
  pointer = '',
): string | undefined {
  if (draft === undefined) {
    if (required) faults.push({ pointer, detail: 'missing' });
    return undefined;
  }
  switch (field.kind) {
    case 'object': {
      const written = field.members.flatMap(({ name, required, field }) => {
        const json = write(field, (draft as Members)[name], required, faults, `${pointer}/${escaped(name)}`);
        return json === undefined ? [] : [`${JSON.stringify(name)}:${json}`];
      });
      return `{${written.join(',')}}`;
    }
    case 'array':
      return `[${(draft as Draft[]).flatMap((item, i) => write(field.item, item, true, faults, `${pointer}/${i}`) ?? []).join(',')}]`;
    case 'choice': {
      const { pick, draft: inner } = draft as Choice;
      return write(field.options[pick]!.field, inner, true, faults, pointer);
    }
    default:
      return scalar(field, draft as string, required, faults, pointer);
  }
}

/** The form filled with a payload that is there; `null` if it says more than the form could. */
export function fill(field: Field, node: Node | undefined): Draft | null {
  if (!node) return undefined;
  if (field.kind === 'json') return pretty(node);
  if (node.raw === 'null') return field.nullable && isText(field) ? '' : null;
  switch (field.kind) {
    case 'object': {
      if (node.kind !== 'object') return null;
      if (node.members.some(([name]) => !field.members.some((known) => known.name === name))) return null;
      const filled = field.members.map(({ name, field }: Member) => [name, fill(field, member(node, name))] as const);
      return filled.some(([, draft]) => draft === null) ? null : (Object.fromEntries(filled) as Members);
    }
    case 'array': {
      if (node.kind !== 'array') return null;
      const items = node.items.map((item) => fill(field.item, item));
      return items.includes(null) ? null : (items as Draft[]);
    }
    case 'choice': {
      const drafts = field.options.map((option) => fill(option.field, node));
      const pick = drafts.findIndex((draft) => draft !== null);
      return pick < 0 ? null : { pick, draft: drafts[pick] as Draft };
    }
    case 'enum':
      return field.options.some(({ json }) => json === node.raw) ? node.raw : null;
    case 'const':
      return field.json === node.raw ? node.raw : null;
    case 'string':
      return node.kind === 'string' ? node.value : null;
    case 'boolean':
      return node.kind === 'literal' ? node.raw : null;
    default:
      return node.kind === 'number' ? node.raw : null;
  }
}

const isText = (field: Field) =>
  field.kind === 'string' ||
  field.kind === 'integer' ||
  field.kind === 'number' ||
  field.kind === 'enum' ||
  field.kind === 'boolean';

function scalar(field: Field, text: string, required: boolean, faults: Fault[], pointer: string): string | undefined {
  const trimmed = text.trim();
  if (!trimmed) {
    if (field.nullable && required) return 'null';
    if (!required) return undefined;
    if (field.kind === 'string') return JSON.stringify(text);
    faults.push({ pointer, detail: 'missing' });
    return undefined;
  }
  const refuse = (detail: string) => {
    faults.push({ pointer, detail });
    return undefined;
  };
  switch (field.kind) {
    case 'string':
      return JSON.stringify(text);
    case 'integer':
      return /^-?(0|[1-9]\d*)$/.test(trimmed) ? trimmed : refuse('not a whole number');
    case 'number':
      return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed) ? trimmed : refuse('not a number');
    case 'json':
      try {
        return parse(text).raw;
      } catch (error) {
        return refuse((error as Error).message);
      }
    default:
      return text;
  }
}

/** A name inside a JSON pointer. */
export const escaped = (name: string): string => name.replace(/~/g, '~0').replace(/\//g, '~1');
