/** JSON as it was written. `JSON.parse` turns 9007199254740993 into …992; here every number keeps its digits. */
export type Node = { raw: string } & (
  | { kind: 'object'; members: [string, Node][] }
  | { kind: 'array'; items: Node[] }
  | { kind: 'string'; value: string }
  | { kind: 'number' | 'literal' }
);

/** Throws a SyntaxError that says where, if `text` is not JSON. */
export function parse(text: string): Node {
  JSON.parse(text); // The judge of what is JSON; below, only well-formed text is cut up.
  let at = 0;

  const skip = () => {
    while (' \t\n\r'.includes(text[at] ?? 'x')) at++;
  };

  const string = (): string => {
    const from = at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    return text.slice(from, ++at);
  };

  const value = (): Node => {
    skip();
    const from = at;
    const first = text[at];
    if (first === '"') {
      const raw = string();
      return { raw, kind: 'string', value: JSON.parse(raw) as string };
    }
    if (first === '{' || first === '[') {
      const members: [string, Node][] = [];
      const items: Node[] = [];
      const end = first === '{' ? '}' : ']';
      at++;
      for (skip(); text[at] !== end; skip()) {
        if (text[at] === ',') {
          at++;
          skip();
        }
        if (first === '{') {
          const name = JSON.parse(string()) as string;
          skip();
          at++; // the colon
          members.push([name, value()]);
        } else items.push(value());
      }
      const raw = text.slice(from, ++at);
      return first === '{' ? { raw, kind: 'object', members } : { raw, kind: 'array', items };
    }
    while (at < text.length && !' \t\n\r,]}'.includes(text[at]!)) at++;
    const raw = text.slice(from, at);
    return { raw, kind: /^[-\d]/.test(raw) ? 'number' : 'literal' };
  };

  return value();
}

/** The member of that name, if `node` is an object that has it; the last one, as JSON.parse would have it. */
export function member(node: Node | undefined, name: string): Node | undefined {
  if (node?.kind !== 'object') return undefined;
  return node.members.filter(([found]) => found === name).at(-1)?.[1];
}

/** Indented for people to read and edit; digits and escapes stay as they were. */
export function pretty(node: Node, indent = ''): string {
  const deeper = indent + '  ';
  const lines =
    node.kind === 'object'
      ? node.members.map(([name, value]) => `${JSON.stringify(name)}: ${pretty(value, deeper)}`)
      : node.kind === 'array'
        ? node.items.map((item) => pretty(item, deeper))
        : [];
  if (!lines.length) return node.kind === 'object' ? '{}' : node.kind === 'array' ? '[]' : node.raw;
  const [open, close] = node.kind === 'object' ? '{}' : '[]';
  return `${open}\n${lines.map((line) => deeper + line).join(',\n')}\n${indent}${close}`;
}
