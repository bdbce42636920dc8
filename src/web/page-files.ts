import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `npm run build` puts the page: the same seen from src/web/ and from dist/web/. */
const BUILT = fileURLToPath(new URL('../../dist/web/page/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

export interface PageFiles {
  /** The document, with its places for the issuer still empty. */
  readonly document: string;
  /** By name, which holds a hash of the content: a file never changes. */
  readonly assets: ReadonlyMap<string, PageFile>;
}

/** Reads the built page into memory, some hundred kilobytes; null where it was not built. */
export const readPageFiles = (folder = BUILT): PageFiles | null => {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return null;
  }
  if (!names.includes('index.html')) return null;
  const assets = names.flatMap((name): [string, PageFile][] => {
    const type = TYPES[extname(name)];
    return type === undefined ? [] : [[name, { type, bytes: readFileSync(join(folder, name)) }]];
  });
  return { document: readFileSync(join(folder, 'index.html'), 'utf8'), assets: new Map(assets) };
};
