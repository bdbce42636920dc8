import { FrontError } from './front-error.js';
import { readDtrPath, readV2Path } from './front-path.js';

const READS = ['GET', 'HEAD'] as const;

/** The methods that a path of the front has; none of a path that it does not serve. */
const methodsAt = (path: string): readonly string[] => {
  if (path === '/v2/token') return [...READS, 'POST'];
  try {
    if (!path.startsWith('/v2')) {
      readDtrPath(path);
      return ['DELETE'];
    }
    return readV2Path(path).kind === 'manifest' ? [...READS, 'DELETE'] : READS;
  } catch (error) {
    if (error instanceof FrontError) return [];
    throw error;
  }
};

/**
 * `Allow` of a 405 (RFC 9110, 15.5.6): what is left when the refused method is not there, as on a registry that deletes
 * nothing. It may be empty.
 */
export const allowAfterRefusal = (path: string, refused: string): string =>
  methodsAt(path)
    .filter((method) => method !== refused && !(method === 'HEAD' && refused === 'GET'))
    .join(', ');
