import { expect, test } from 'vitest';
import { parse } from '../src/json/node';
import { blank, fill, write, type Draft, type Fault } from '../src/schema/draft';
import { fieldOf, type Field } from '../src/schema/field';

const object = (properties: object, required: string[] = [], more: object = {}) => ({
  type: 'object',
  properties,
  required,
  ...more,
});

function written(schema: unknown, change: (draft: any) => Draft): { json: string | undefined; faults: Fault[] } {
  const field = fieldOf(schema);
  const faults: Fault[] = [];
  const json = write(field, change(blank(field, true)), true, faults);
  return { json, faults };
}

function kindOf(schema: unknown, root?: unknown): Field['kind'] {
  return fieldOf(schema, root ?? schema).kind;
}

test('each kind of schema has its field', () => {
  expect(kindOf({ type: 'string' })).toBe('string');
  expect(kindOf({ type: 'integer' })).toBe('integer');
  expect(kindOf({ type: ['number', 'string'] })).toBe('number');
  expect(kindOf({ type: ['string', 'null'] })).toBe('string');
  expect(kindOf({ enum: ['a', 'b'] })).toBe('enum');
  expect(kindOf({ oneOf: [{ const: 'a' }, { const: 'b', description: 'B' }] })).toBe('enum');
  expect(kindOf({ const: 'a' })).toBe('const');
  expect(kindOf({ type: 'array', items: { type: 'string' } })).toBe('array');
  expect(kindOf({ anyOf: [{ type: 'string' }, { type: 'object' }] })).toBe('choice');
});

test('what no field fits is written as JSON', () => {
  for (const schema of [
    true,
    null,
    {},
    { type: 'object' },
    { type: 'object', additionalProperties: true },
    { type: ['object', 'string'] },
    { type: 'array', prefixItems: [] },
    { $ref: 'https://elsewhere' },
    { $ref: '#/$defs/missing' },
  ])
    expect(kindOf(schema)).toBe('json');
});

test('a reference is followed, and one to itself ends', () => {
  const root = object({ child: { $ref: '#' }, mode: { allOf: [{ $ref: '#/$defs/a~1b' }], description: 'How.' } }, [], {
    $defs: { 'a/b': { enum: ['x'] } },
  });
  const field = fieldOf(root);
  const members = field.kind === 'object' ? field.members : [];
  expect(members[1]?.field).toMatchObject({ kind: 'enum', description: 'How.' });
  let at: Field = field;
  for (let depth = 0; at.kind === 'object'; depth++) {
    expect(depth).toBeLessThan(20);
    at = at.members[0]!.field;
  }
  expect(at.kind).toBe('json');
  expect(kindOf({ $ref: '#' })).toBe('json');
});

test('null beside one schema makes it nullable', () => {
  expect(fieldOf({ anyOf: [{ type: 'integer' }, { type: 'null' }] })).toMatchObject({
    kind: 'integer',
    nullable: true,
  });
});

test('big integers are sent as they were typed', () => {
  const { json, faults } = written(object({ user_id: { type: 'integer' } }, ['user_id']), () => ({
    user_id: ' 18446744073709551615 ',
  }));
  expect(json).toBe('{"user_id":18446744073709551615}');
  expect(faults).toEqual([]);
});

test('optional fields that are empty are left out, required ones are not', () => {
  const schema = object(
    { a: { type: 'string' }, b: { type: 'string' }, c: { type: ['integer', 'null'] }, d: { type: 'integer' } },
    ['a', 'c'],
  );
  expect(written(schema, (draft) => draft).json).toBe('{"a":"","c":null}');
});

test('faults name their places', () => {
  const schema = object(
    { 'a/b': { type: 'integer' }, list: { type: 'array', items: object({ n: { type: 'number' } }, ['n']) }, any: {} },
    ['a/b', 'list'],
  );
  const { faults } = written(schema, (draft) => ({ ...draft, 'a/b': '1.5', list: [{ n: 'x' }, { n: '' }], any: '{' }));
  expect(faults.map((fault) => fault.pointer)).toEqual(['/a~1b', '/list/0/n', '/list/1/n', '/any']);
});

test('a list with a fault is still JSON, for going on as text', () => {
  const { json, faults } = written(object({ list: { type: 'array', items: { type: 'integer' } } }, ['list']), () => ({
    list: ['1', 'x', '3'],
  }));
  expect(json).toBe('{"list":[1,3]}');
  expect(faults).toEqual([{ pointer: '/list/1', detail: 'not a whole number' }]);
});

test('an alternative is written as what was picked', () => {
  const schema = object(
    {
      when: {
        oneOf: [
          object({ at: { type: 'string' } }, ['at'], { title: 'At' }),
          object({ every: { type: 'integer' } }, ['every']),
        ],
      },
    },
    ['when'],
  );
  const field = fieldOf(schema);
  expect(field).toMatchObject({ members: [{ field: { options: [{ label: 'At' }, { label: 'every' }] } }] });
  expect(written(schema, () => ({ when: { pick: 1, draft: { every: '5' } } })).json).toBe('{"when":{"every":5}}');
});

test('a payload fills the form and comes out the same', () => {
  const schema = object(
    {
      id: { type: 'integer' },
      note: { type: ['string', 'null'] },
      mode: { enum: ['fast', 'slow'] },
      lines: { type: 'array', items: object({ sku: { type: 'string' } }, ['sku']) },
      extra: true,
    },
    ['id', 'note', 'mode', 'lines'],
  );
  const text = '{"id":9007199254740993,"note":null,"mode":"slow","lines":[{"sku":"<b>"}],"extra":1}';
  const field = fieldOf(schema);
  const draft = fill(field, parse(text));
  expect(draft).not.toBeNull();
  expect(write(field, draft as Draft, true, [])).toBe(text);
});

test('a payload that says more than the form does not fill it', () => {
  const field = fieldOf(object({ a: { type: 'string' } }));
  expect(fill(field, parse('{"a":"x","b":1}'))).toBeNull();
  expect(fill(field, parse('{"a":1}'))).toBeNull();
  expect(fill(field, parse('[]'))).toBeNull();
});
