import { expect, test } from 'vitest';
import { member, parse, pretty } from '../src/json/node';

test('numbers keep every digit and their form', () => {
  const node = parse('{"id":9007199254740993,"big":18446744073709551615,"price":19.90,"tiny":1e-400}');
  expect(member(node, 'id')?.raw).toBe('9007199254740993');
  expect(pretty(node)).toBe(
    '{\n  "id": 9007199254740993,\n  "big": 18446744073709551615,\n  "price": 19.90,\n  "tiny": 1e-400\n}',
  );
});

test('a part is given byte for byte as it was written', () => {
  const node = parse('{ "task_data": {"a" : [1,  "\\u00e9\\"x" ], "b":{} } , "result":null}');
  expect(member(node, 'task_data')?.raw).toBe('{"a" : [1,  "\\u00e9\\"x" ], "b":{} }');
  expect(member(node, 'result')?.raw).toBe('null');
  expect(member(node, 'missing')).toBeUndefined();
});

test('members with names of the prototype are members like others', () => {
  const node = parse('{"__proto__":{"x":1},"constructor":2}');
  expect(member(node, '__proto__')?.raw).toBe('{"x":1}');
  expect(member(node, 'constructor')?.raw).toBe('2');
});

test('of a name that is given twice the last one counts, as everywhere', () => {
  expect(member(parse('{"a":1,"a":2}'), 'a')?.raw).toBe('2');
});

test('scalars, empty and nested things at the top', () => {
  expect(parse(' true ').kind).toBe('literal');
  expect(parse('"a\\\\"')).toEqual({ raw: '"a\\\\"', kind: 'string', value: 'a\\' });
  expect(pretty(parse('[[],{},[ -0.0 ]]'))).toBe('[\n  [],\n  {},\n  [\n    -0.0\n  ]\n]');
});

test('what is no JSON is refused', () => {
  for (const text of ['', '{', '01', '{"a":1,}', "{'a':1}", 'NaN', '1 2'])
    expect(() => parse(text)).toThrow(SyntaxError);
});
