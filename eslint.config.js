import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Imports point one way (docs/architecture.md): a folder may not import the folders listed for it. */
const forbid = (folder, targets, why) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ group: targets.map((t) => `**/${t}/**`), message: why }] },
    ],
  },
});

const OUTER = ['front', 'web', 'cli'];

/**
 * The command speaks to a server as everybody does, by its public API; from the server's code it takes names and
 * digests, and what works on files alone. `up` leads out of cli/, from where the files are.
 */
const commandLine = (files, up, allowed) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^${up}(?!${allowed})`,
            message: 'cli/ uses the public API, and of the server only what works on files.',
          },
          {
            regex: '^(@nestjs/|kysely|pg$|bullmq|ioredis|express)',
            message: 'cli/ starts in milliseconds and has no server in it.',
          },
        ],
      },
    ],
  },
});

const ON_FILES =
  'oci/|storage/|collections/(engine|storage-deletion)/|audit/(checkpoint|evidence-records|lines|offline-verification|signing-key)\\.js$';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'src/public-api/openapi.ts'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js'] } } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  forbid(
    'oci',
    [
      'errors',
      'registries',
      'planning',
      'deletions',
      'execution',
      'audit',
      'http',
      'database',
      ...OUTER,
      '@nestjs',
    ],
    'oci/ is the bottom: the spec and nothing else.',
  ),
  forbid(
    'storage',
    [
      'errors',
      'registries',
      'collections',
      'planning',
      'deletions',
      'execution',
      'database',
      ...OUTER,
      '@nestjs',
    ],
    'storage/ is a port: files and their layout, and nothing that uses them.',
  ),
  forbid(
    'planning',
    [
      'deletions',
      'execution',
      'audit',
      'http',
      'database',
      'queue',
      'identity',
      'config',
      ...OUTER,
      '@nestjs',
    ],
    'planning/ is pure: no framework, no I/O.',
  ),
  forbid(
    'registries',
    ['planning', 'deletions', 'execution', 'collections', 'audit', 'queue', 'identity', 'http', ...OUTER],
    'Adapters do not know deletions, nor collection.',
  ),
  ...['audit', 'identity', 'database', 'queue', 'config', 'telemetry'].map((folder) =>
    forbid(
      folder,
      ['deletions', 'execution', 'planning', ...OUTER],
      `${folder}/ serves the features; it does not know them.`,
    ),
  ),
  // The schema lists every feature's rows, as types only.
  { files: ['src/database/schema.ts'], rules: { 'no-restricted-imports': 'off' } },
  ...[
    'approvals',
    'batches',
    'catalog',
    'collections',
    'deletions',
    'errors',
    'execution',
    'glob',
    'guardrails',
    'holds',
    'http',
    'ids',
    'notifications',
    'pause',
  ].map((folder) => forbid(folder, OUTER, 'Nothing imports front/, web/ or cli/.')),
  {
    files: ['src/web/page/**/*.{ts,tsx}'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            // Of the server's code only src/glob/, which is pure; else the page knows the public API alone, by its types.
            {
              regex: '^(\\.\\./){2,}(?!glob/|public-api/|\\.\\./)',
              message: 'The page knows the public API alone.',
            },
          ],
        },
      ],
    },
  },
  commandLine(['src/cli/*.ts'], '\\.\\./', ON_FILES),
  commandLine(['src/cli/*/**/*.ts'], '\\.\\./\\.\\./', '(oci|public-api)/'),
);
