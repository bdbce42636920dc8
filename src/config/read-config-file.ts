import { parseDocument, type YAMLError } from 'yaml';
import { z } from 'zod';
import { configFileSchema, type ConfigFile } from './config-file.schema.js';
import type { ConfigFault } from './config.js';
import { faultsOf, sayRequired } from './faults.js';
import type { ReadFile } from './secret-files.js';
import { readOr } from './secret-files.js';

const EXAMPLE = `

  registries:
    prod:
      type: distribution
      url: https://registry.internal:5000
      credentials: { username: sexton, passwordFile: /run/secrets/registry }
`;

type Sections = { readonly [Name in keyof ConfigFile]?: ConfigFile[Name] | undefined };

interface ReadConfig {
  /** Null when something in it is wrong. */
  readonly file: ConfigFile | null;
  /** The sections in which nothing is wrong, so that a wrong one does not hide the faults of what others name. */
  readonly right: Sections;
  /** Each entry under `registries` as it stands there, so that one wrong entry does not hide another's faults. */
  readonly registries: readonly (readonly [name: string, entry: unknown])[];
}

const NOTHING: ReadConfig = { file: null, right: {}, registries: [] };

/** sexton.yaml at `path`, adding what is wrong with it to `faults`. */
export const readConfigFile = (
  path: string | undefined,
  readFile: ReadFile,
  faults: ConfigFault[],
): ReadConfig => {
  const fail = (message: string): ReadConfig => {
    faults.push({ path: 'SEXTON_CONFIG', message });
    return NOTHING;
  };
  if (path === undefined) return fail(`names no file. Set it to the path of a file such as${EXAMPLE}`);
  const text = readOr(readFile, path, (message) => fail(message));
  if (text === null) return NOTHING;
  const document = parseDocument(text);
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) return fail(`${path} is not YAML that can be read: ${wrong.map(where).join('; ')}`);
  let content: unknown;
  try {
    content = document.toJS();
  } catch {
    return fail(`${path} has an alias (*name) without its anchor (&name), or too many aliases`);
  }
  if (content === null) return fail(`${path} is empty. It should be such as${EXAMPLE}`);
  const parsed = configFileSchema.safeParse(content, { error: sayRequired });
  if (!parsed.success) faults.push(...faultsOf(parsed.error));
  const entries = z.object({ registries: z.record(z.string(), z.unknown()) }).safeParse(content);
  return {
    file: parsed.data ?? null,
    right: parsed.data ?? withoutWrong(content, parsed.error),
    registries: Object.entries(entries.data?.registries ?? {}),
  };
};

const withoutWrong = (content: unknown, { issues }: z.ZodError): Sections => {
  const wrong = new Set(
    issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
    ),
  );
  const sections = Object.entries(z.looseObject({}).safeParse(content).data ?? {});
  const rest = Object.fromEntries(sections.filter(([name]) => !wrong.has(name)));
  return configFileSchema.partial().safeParse(rest).data ?? {};
};

/** Where and of which kind; the parser's own message may quote the file, and the file may hold a secret by mistake. */
const where = ({ code, linePos }: YAMLError): string => {
  const [start] = linePos ?? [];
  const kind = code.toLowerCase().replaceAll('_', ' ');
  return start ? `${kind} at line ${start.line}, column ${start.col}` : kind;
};
