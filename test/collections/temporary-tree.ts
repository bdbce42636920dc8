import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that goes when the test ends. */
export const temporaryDirectory = (): string => {
  const path = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'collection-')));
  onTestFinished(() => fs.rmSync(path, { recursive: true, force: true }));
  return path;
};

export const putFile = (
  root: string,
  path: string,
  content: string | Uint8Array,
  modifiedMs?: number,
): void => {
  const file = join(root, path);
  fs.mkdirSync(dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  if (modifiedMs !== undefined) fs.utimesSync(file, modifiedMs / 1000, modifiedMs / 1000);
};

export interface TreeOptions {
  /** Names at the top that are left out. */
  readonly without?: readonly string[];
  /** Also times of change and of the folders, to the nanosecond. */
  readonly withTimes?: boolean;
}

/** Every path below `root` with what it is: type, content, and, if asked, size and time of change. */
export const treeOf = (root: string, { without = [], withTimes = false }: TreeOptions = {}): string[] => {
  const lines: string[] = [];
  const walk = (path: string): void => {
    for (const name of fs.readdirSync(join(root, path)).sort()) {
      if (path === '' && without.includes(name)) continue;
      const at = path === '' ? name : `${path}/${name}`;
      const facts = fs.lstatSync(join(root, at), { bigint: true });
      const time = withTimes ? ` ${facts.size} ${facts.mtimeNs} ${facts.mode}` : '';
      if (facts.isDirectory()) {
        lines.push(`${at}/${time}`);
        walk(at);
      } else if (facts.isSymbolicLink()) {
        lines.push(`${at} -> ${fs.readlinkSync(join(root, at))}${time}`);
      } else {
        lines.push(`${at} ${fs.readFileSync(join(root, at), 'base64')}${time}`);
      }
    }
  };
  walk('');
  return lines;
};
