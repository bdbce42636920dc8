import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { environmentSchema } from '../../src/config/environment.js';
import { DELETION_STATES, TARGET_OUTCOMES } from '../../src/deletions/deletion-state.js';
import { ERROR_KINDS } from '../../src/errors/codes.js';
import { PERMISSIONS, ROLES, roleMay } from '../../src/identity/permissions.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { brokenLinks, codeSpans, markdownFiles, read, sources } from './markdown.js';

/** A node of a JSON Schema, as far as keys go. */
interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly items?: Node;
}

const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), nodeSchema).optional(),
    additionalProperties: z.union([nodeSchema, z.boolean()]).optional(),
    anyOf: z.array(nodeSchema).optional(),
    oneOf: z.array(nodeSchema).optional(),
    allOf: z.array(nodeSchema).optional(),
    items: nodeSchema.optional(),
  }),
) as z.ZodType<Node>;

/** Paths of all keys that hold a value, such as `registries.<name>.timeouts.connect`. */
const keysOf = (node: Node, path: readonly string[] = []): string[] => {
  const { properties = {}, additionalProperties: named, items } = node;
  const below = [
    ...Object.entries(properties).flatMap(([key, child]) => keysOf(child, [...path, key])),
    ...(typeof named === 'object' && Object.keys(named).length > 0 ? keysOf(named, [...path, '<name>']) : []),
    ...[...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])].flatMap((variant) =>
      keysOf(variant, path).filter((key) => key !== path.join('.')),
    ),
    ...(items ? keysOf(items, path).filter((key) => key !== path.join('.')) : []),
  ];
  return below.length > 0 ? [...new Set(below)] : [path.join('.')];
};

describe('the documentation', () => {
  it.each(markdownFiles())('%s has no link that leads nowhere', (path) => {
    expect(brokenLinks(path)).toEqual([]);
  });

  it('names every key of the configuration', () => {
    const schema = nodeSchema.parse(JSON.parse(read('docs/sexton.schema.json')));
    const spans = new Set([...codeSpans('README.md'), ...codeSpans('docs/collection.md')]);
    const keys = keysOf(schema);
    expect(keys).toContain('registries.<name>.timeouts.connect');
    expect(keys.filter((key) => !spans.has(key))).toEqual([]);
  });

  it('names every environment variable and every role in the README', () => {
    const spans = codeSpans('README.md');
    const names = [...Object.keys(environmentSchema.shape), ...ROLES];
    expect(names.filter((name) => !spans.has(name))).toEqual([]);
  });

  it('shows what each role may do as the code has it', () => {
    const text = read('docs/security.md');
    const shown = [...text.matchAll(/^\| `([a-z-]+:[a-z-]+)` +\|[^|]+\|(.*)\|$/gm)].map(
      ([, permission, cells = '']) => ({
        permission,
        roles: ROLES.filter((_, column) => cells.split('|')[column]?.trim() === 'yes'),
      }),
    );
    expect(shown).toEqual(
      PERMISSIONS.map((permission) => ({
        permission,
        roles: ROLES.filter((role) => roleMay(role, permission)),
      })),
    );
  });

  it('has every call of the API in its table', () => {
    const { paths } = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse(JSON.parse(read('openapi/sexton.json')));
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const rows = read('docs/api.md')
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .join('\n');
    expect(calls).toContain('POST /v1/deletions');
    expect(calls.filter((call) => !rows.includes(`\`${call}\``))).toEqual([]);
  });

  it('says of every error code, with its status, what to do', () => {
    const text = read('docs/operations.md');
    const missing = Object.entries(ERROR_KINDS).filter(
      ([code, { status }]) => !new RegExp(`^\\| \`${code}\` +\\| ${status} +\\| \\S`, 'm').test(text),
    );
    expect(missing.map(([code]) => code)).toEqual([]);
  });

  it('says what every state of a deletion and every outcome of a target means', () => {
    const spans = [...DELETION_STATES, ...TARGET_OUTCOMES].map((name) => `| \`${name}\` `);
    const text = read('docs/api.md');
    expect(spans.filter((span) => !text.includes(span))).toEqual([]);
  });

  it('says of every warning and error in the log what it means', () => {
    const text = read('docs/operations.md');
    const messages = sources().flatMap((source) =>
      [...source.matchAll(/\blog(?:ger)?\.(?:warn|error)\([^;]*?'([^']+)',?\s*\)/g)].map(
        ([, message = '']) => message,
      ),
    );
    expect(messages).toContain('audit sealing failed');
    const known = (message: string): boolean =>
      text.includes(`\`${message.split(';')[0]}`) || message.endsWith(' failed unexpectedly');
    expect(messages.filter((message) => !known(message))).toEqual([]);
  });

  it('says what every metric means', () => {
    const spans = codeSpans('docs/operations.md');
    const names = new Metrics().registry.getMetricsAsArray().map(({ name }) => name);
    const ours = names.filter((name) => name.startsWith('sexton_'));
    expect(ours).toContain('sexton_deletions_ended_total');
    expect(ours.filter((name) => !spans.has(name))).toEqual([]);
  });
});
