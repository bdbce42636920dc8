import fc from 'fast-check';

/** JSON Schema as the OpenAPI document has it; only what is used of it. */
export type Schema = Readonly<Record<string, unknown>>;

/** Values that exist, by the name of the field that takes them. */
export type Known = Readonly<Record<string, readonly string[]>>;

const HOSTILE = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '%2e%2e%2f',
  '\u0000',
  'a\u0000b',
  '\u202Egpj.exe',
  '\uD800',
  '\r\nX-Injected: 1',
  '=cmd|calc',
  '*'.repeat(200),
  '**/'.repeat(100),
  '{a,'.repeat(50),
  "'; drop table deletions; --",
  '${jndi:ldap://localhost/x}',
  '-1',
  '1e400',
  'NaN',
  'null',
  'x'.repeat(5_000),
  'sha256:abc',
  `sha256:${'0'.repeat(64)}`,
  '2026-13-45T99:99:99Z',
  '9999-12-31T23:59:59Z',
  '__proto__',
  'constructor',
];

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.jsonValue(),
);

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const schemasIn = (value: unknown): readonly Schema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

/** Values for `schema`: mostly as it wants them, some of what exists, and some of what it does not expect. */
export const valuesOf = (
  schema: Schema,
  name: string,
  known: Known,
  components: Readonly<Record<string, Schema>>,
): fc.Arbitrary<unknown> => {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    return valuesOf(components[reference.split('/').at(-1) ?? ''] ?? {}, name, known, components);
  }
  const fitting = fittingOf(schema, name, known, components);
  return fc.oneof({ weight: 4, arbitrary: fitting }, { weight: 1, arbitrary: anything });
};

const fittingOf = (
  schema: Schema,
  name: string,
  known: Known,
  components: Readonly<Record<string, Schema>>,
): fc.Arbitrary<unknown> => {
  const exists = known[name] ?? known[name.replace(/s$/, '')];
  const variants = [...schemasIn(schema['anyOf']), ...schemasIn(schema['oneOf'])];
  if (variants.length > 0) {
    return fc.oneof(...variants.map((variant) => valuesOf(variant, name, known, components)));
  }
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  switch (schema['type']) {
    case 'object':
      return objectOf(schema, known, components);
    case 'array': {
      const items = isSchema(schema['items']) ? schema['items'] : {};
      return fc.array(valuesOf(items, name, known, components), { maxLength: 4 });
    }
    case 'integer':
    case 'number':
      return fc.integer({ min: -2, max: 300 });
    case 'boolean':
      return fc.boolean();
    default: {
      const texts = fc.oneof(fc.string({ maxLength: 40 }), fc.constant('2026-11-23T00:00:00Z'));
      return exists ? fc.oneof(fc.constantFrom(...exists), texts) : texts;
    }
  }
};

const objectOf = (
  schema: Schema,
  known: Known,
  components: Readonly<Record<string, Schema>>,
): fc.Arbitrary<unknown> => {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const fields = Object.entries(properties).filter((entry): entry is [string, Schema] => isSchema(entry[1]));
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  return fc.record(
    Object.fromEntries(fields.map(([key, one]) => [key, valuesOf(one, key, known, components)])),
    { requiredKeys: fields.map(([key]) => key).filter((key) => required.includes(key)) },
  );
};
