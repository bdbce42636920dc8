import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './prepare.mjs';

/** Bundles the review page into dist/web/page: hashed files, and the document that names them. */
const source = join(root, 'src/web/page');
const target = join(root, 'dist/web/page');
await rm(target, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [join(source, 'main.tsx'), join(source, 'style/page.css'), join(source, 'icon.svg')],
  outdir: target,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  // Licences of what is bundled stay in it.
  legalComments: 'eof',
  metafile: true,
  logLevel: 'warning',
});

const made = Object.keys(metafile.outputs).map((path) => path.split('/').at(-1));
const nameOf = (extension) => made.find((name) => name.endsWith(extension));

const document = await readFile(join(source, 'index.html'), 'utf8');
await writeFile(
  join(target, 'index.html'),
  document
    .replace('main.tsx', `/web/${nameOf('.js')}`)
    .replace('style/page.css', `/web/${nameOf('.css')}`)
    .replace('icon.svg', `/web/${nameOf('.svg')}`),
);
