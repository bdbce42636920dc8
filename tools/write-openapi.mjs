import { readFile, writeFile } from 'node:fs/promises';
import { documentOnly } from '../dist/openapi-document.js';

/** Writes openapi/sexton.json from the built code, or with --check says whether the committed one is the code's. */
const path = new URL('../openapi/sexton.json', import.meta.url);
const document = `${JSON.stringify(await documentOnly(), null, 2)}\n`;

if (process.argv.includes('--check')) {
  const committed = await readFile(path, 'utf8').catch(() => '');
  if (committed !== document) {
    const lines = document.split('\n');
    const at = committed.split('\n').findIndex((line, index) => line !== lines[index]);
    process.stderr.write(
      `openapi/sexton.json differs from the code, first at line ${at + 1}; run npm run openapi and commit it\n`,
    );
    process.exit(1);
  }
  process.stdout.write('openapi/sexton.json is what the code says\n');
} else {
  await writeFile(path, document);
}
process.exit(0);
