import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { configFileSchema } from '../src/config/config-file.schema.js';

/** Writes docs/sexton.schema.json from the code, or with --check says whether the committed one is the code's. */
const path = new URL('../docs/sexton.schema.json', import.meta.url);
const schema = z.toJSONSchema(configFileSchema, {
  target: 'draft-2020-12',
  io: 'input',
  unrepresentable: 'any',
});
const text = `${JSON.stringify(schema, null, 2)}\n`;

if (process.argv.includes('--check')) {
  const committed = await readFile(path, 'utf8').catch(() => '');
  if (committed !== text) {
    process.stderr.write(
      'docs/sexton.schema.json differs from the code; run npm run config:schema and commit it\n',
    );
    process.exit(1);
  }
  process.stdout.write('docs/sexton.schema.json is what the code says\n');
} else {
  await writeFile(path, text);
}
