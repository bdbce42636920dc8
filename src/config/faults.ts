import { z } from 'zod';
import { configFileSchema } from './config-file.schema.js';
import type { ConfigFault } from './config.js';

/** What a schema found, below `at`; an unknown key is named together with the keys that are known there. */
export const faultsOf = (error: z.ZodError, at: readonly string[] = []): ConfigFault[] =>
  error.issues.flatMap((issue) => {
    const parts = [...at, ...issue.path.map(String)];
    const path = parts.join('.') || 'sexton.yaml';
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...parts, key].join('.'),
        message: `is not known here; allowed: ${allowedAt(parts).join(', ')}`,
      }));
    }
    if (issue.code === 'invalid_key') {
      return [{ path, message: `the name ${issue.issues.map(({ message }) => message).join('; ')}` }];
    }
    return [{ path, message: issue.message }];
  });

/** Says `is required` of what is missing, where zod's own words say which type `undefined` is not. */
export const sayRequired: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'invalid_type' && issue.input === undefined ? 'is required' : undefined;

const withProperties = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown(),
});

/** The keys that the schema knows at a path of sexton.yaml. */
const allowedAt = (path: readonly string[]): string[] => {
  let schema: unknown = z.toJSONSchema(configFileSchema, { io: 'input', unrepresentable: 'any' });
  for (const part of path) {
    const { data } = withProperties.safeParse(schema);
    schema = data?.properties?.[part] ?? data?.additionalProperties;
  }
  return Object.keys(withProperties.safeParse(schema).data?.properties ?? {});
};
