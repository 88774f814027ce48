/** A JSON Schema as a form can show it. What no input fits becomes a field for JSON text: every payload can be written. */

type Schema = Record<string, unknown>;

export type Field = {
  description: string;
  /** `null` may be given. */
  nullable: boolean;
  /** What the schema gives where the member is left out, as JSON text. */
  fallback?: string;
  limits: string;
} & (
  | { kind: 'string' | 'integer' | 'number' | 'boolean' | 'json' }
  | { kind: 'const'; json: string }
  | { kind: 'enum'; options: { json: string; label: string; description: string }[] }
  | { kind: 'array'; item: Field }
  | { kind: 'object'; members: Member[] }
  | { kind: 'choice'; options: { label: string; field: Field }[] }
);

export interface Member {
  name: string;
  required: boolean;
  field: Field;
}

/** Schemas that hold themselves end in a JSON field below this. */
const DEEPEST = 6;

export function fieldOf(schema: unknown, root: unknown = schema, depth = 0): Field {
  const json: Field = { kind: 'json', description: '', nullable: false, limits: '' };
  if (depth > DEEPEST || !isSchema(schema)) return json;
  const found = resolved(schema, root);
  if (!found) return json;
  const { variants, nullable } = variantsOf(found);
  const common = {
    description: text(found.description),
    nullable,
    limits: limitsOf(found),
    ...('default' in found && { fallback: JSON.stringify(found.default) }),
  };
  const deeper = (inner: unknown) => fieldOf(inner, root, depth + 1);

  if ('const' in found) return { ...common, kind: 'const', json: JSON.stringify(found.const) };
  if (Array.isArray(found.enum))
    return {
      ...common,
      kind: 'enum',
      options: found.enum.filter((value) => value !== null).map((value) => option(value, '')),
    };
  if (variants) {
    // Only `null` beside one schema: that schema, nullable.
    if (variants.length === 1) {
      const only = deeper(variants[0]);
      return { ...only, nullable: nullable || only.nullable, description: common.description || only.description };
    }
    const constants = variants.map((variant) => resolved(variant, root) ?? {});
    if (constants.every((variant) => 'const' in variant))
      return {
        ...common,
        kind: 'enum',
        options: constants.map((variant) => option(variant.const, text(variant.description))),
      };
    if (found.properties) return { ...json, ...common }; // Members beside alternatives: no form says that well.
    return {
      ...common,
      kind: 'choice',
      options: variants.map((variant, i) => ({ label: labelOf(variant, root, i), field: deeper(variant) })),
    };
  }
  const types = typesOf(found);
  const type =
    types.length > 1 && types.includes('number') && types.every((type) => type !== 'object' && type !== 'array')
      ? 'number'
      : types[0];
  if (types.length > 1 && type !== 'number') return { ...json, ...common };
  if (type === 'array' && !found.prefixItems) return { ...common, kind: 'array', item: deeper(found.items ?? {}) };
  if (type === 'object' && isSchema(found.properties)) {
    const required = Array.isArray(found.required) ? found.required : [];
    const members = Object.entries(found.properties).map(([name, inner]) => ({
      name,
      required: required.includes(name),
      field: deeper(inner),
    }));
    return { ...common, kind: 'object', members };
  }
  // A job without fields: an object that may hold nothing.
  if (type === 'object' && found.additionalProperties === false) return { ...common, kind: 'object', members: [] };
  if (type === 'string' || type === 'integer' || type === 'number' || type === 'boolean')
    return { ...common, kind: type };
  return { ...json, ...common };
}

/** Follows `$ref` and an `allOf` of one, which schemars writes to hang a description on a reference. */
function resolved(schema: unknown, root: unknown): Schema | undefined {
  let found = schema;
  for (let hops = 0; hops < 20; hops++) {
    if (!isSchema(found)) return undefined;
    const { $ref, allOf, ...own }: Schema = found;
    if (typeof $ref === 'string') {
      const target = pointed(root, $ref);
      if (!isSchema(target)) return undefined;
      found = { ...target, ...own };
    } else if (Array.isArray(allOf) && allOf.length === 1 && isSchema(allOf[0]) && !own.properties)
      found = { ...allOf[0], ...own };
    else return found;
  }
  return undefined;
}

function pointed(root: unknown, ref: string): unknown {
  if (!ref.startsWith('#')) return undefined;
  const steps = ref.slice(1).split('/').slice(1);
  return steps.reduce<unknown>((at, step) => {
    const name = decodeURIComponent(step).replace(/~1/g, '/').replace(/~0/g, '~');
    return isSchema(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }, root);
}

function variantsOf(schema: Schema): { variants?: unknown[]; nullable: boolean } {
  const all = schema.oneOf ?? schema.anyOf;
  const nullable = typesOf(schema, true).includes('null') || (Array.isArray(schema.enum) && schema.enum.includes(null));
  if (!Array.isArray(all)) return { nullable };
  const variants = all.filter((variant) => !(isSchema(variant) && variant.type === 'null'));
  return { variants, nullable: nullable || variants.length < all.length };
}

function typesOf(schema: Schema, withNull = false): string[] {
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter(
    (type): type is string => typeof type === 'string',
  );
  return withNull ? types : types.filter((type) => type !== 'null');
}

/** What a reader would call the variant: its title, or the constant that tells it apart. */
function labelOf(variant: unknown, root: unknown, i: number): string {
  const schema = resolved(variant, root) ?? {};
  const members = isSchema(schema.properties) ? Object.entries(schema.properties) : [];
  const tag = members
    .map(([, inner]) => (isSchema(inner) ? inner.const : undefined))
    .find((value) => typeof value === 'string');
  const single = members.length === 1 ? members[0]![0] : '';
  return text(schema.title) || (tag as string | undefined) || single || typesOf(schema)[0] || `variant ${i + 1}`;
}

function limitsOf(schema: Schema): string {
  const limit = (name: string, words: string) => (name in schema ? [words.replace('#', String(schema[name]))] : []);
  return [
    ...limit('minimum', 'at least #'),
    ...limit('exclusiveMinimum', 'more than #'),
    // Rounded by JSON.parse where it is that large; then it limits nobody.
    ...(Number(schema.maximum) > Number.MAX_SAFE_INTEGER ? [] : limit('maximum', 'at most #')),
    ...limit('exclusiveMaximum', 'less than #'),
    ...limit('minLength', 'at least # characters'),
    ...limit('maxLength', 'at most # characters'),
    ...limit('minItems', 'at least # items'),
    ...limit('maxItems', 'at most # items'),
    ...limit('format', '#'),
    ...limit('pattern', 'like #'),
  ].join(', ');
}

function option(value: unknown, description: string) {
  return { json: JSON.stringify(value), label: typeof value === 'string' ? value : JSON.stringify(value), description };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
