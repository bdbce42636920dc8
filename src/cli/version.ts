import { createRequire } from 'node:module';

/** Of package.json, which lies two folders up from the compiled file as from the source. */
export const version = (): string => {
  const found: unknown = createRequire(import.meta.url)('../../package.json');
  const text = typeof found === 'object' && found !== null && 'version' in found ? found.version : null;
  return typeof text === 'string' ? text : 'unknown';
};
