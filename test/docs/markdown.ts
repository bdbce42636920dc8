import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Text of a file of the project. */
export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every Markdown file of the project, by its path from the root. */
export const markdownFiles = (): string[] => [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The text of every file of the program, without its specs. */
export const sources = (): string[] =>
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => read(`src/${name}`));

const FENCED = /^( *)```[^]*?^\1```/gm;
const LINK = /\]\(([^)\s]+)\)/g;
const ELSEWHERE = /^[a-z]+:/;

/** How GitHub names the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsIn = (path: string): string[] =>
  [
    ...read(path)
      .replaceAll(FENCED, '')
      .matchAll(/^#+ (.*)$/gm),
  ].map(([, heading = '']) => anchorOf(heading));

/** Links of a Markdown file that lead nowhere: no such file, or no such heading in it. */
export const brokenLinks = (path: string): string[] =>
  [...read(path).replaceAll(FENCED, '').matchAll(LINK)]
    .map(([, target = '']) => target)
    .filter((target) => !ELSEWHERE.test(target))
    .filter((target) => {
      const [file = '', anchor] = target.split('#');
      const at = file === '' ? path : relative(ROOT, resolve(ROOT, dirname(path), file));
      if (at.startsWith('..') || !existsSync(join(ROOT, at))) return true;
      return anchor !== undefined && !anchorsIn(at).includes(anchor);
    });

/** What stands between backticks in a file, outside of code blocks. */
export const codeSpans = (path: string): ReadonlySet<string> =>
  new Set(
    [
      ...read(path)
        .replaceAll(FENCED, '')
        .matchAll(/`([^`]+)`/g),
    ].map(([, span = '']) => span),
  );
