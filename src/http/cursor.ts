import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { SextonError } from '../errors/sexton-error.js';

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly [filter: string]: unknown;
}

/** Where a page of a list begins, and how the cursor of the next one is made. */
interface Paging<T> {
  /** Null at the beginning. */
  readonly position: T | null;
  readonly cursorAfter: (position: object) => string;
}

/**
 * Opaque keyset cursors: base64url JSON, checked by a schema when they come back. Each is bound to its list, named by its
 * path below /v1, and to the filters: in another one it would leave out what nobody was shown. `limit` may change.
 */
export const pagingOf = <T>(
  list: string,
  { limit: _limit, cursor, ...filters }: PageQuery,
  schema: z.ZodType<T>,
): Paging<T> => {
  const of = markOf(list, filters);
  return {
    position: cursor === undefined ? null : decode(cursor, of, schema),
    cursorAfter: (position) => Buffer.from(JSON.stringify({ of, ...position })).toString('base64url'),
  };
};

const markOf = (list: string, filters: object): string =>
  createHash('sha256')
    .update(JSON.stringify([list, filters]))
    .digest('base64url')
    .slice(0, 12);

const decode = <T>(text: string, of: string, schema: z.ZodType<T>): T => {
  try {
    const given: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'), refuseNul);
    if (typeof given !== 'object' || given === null || !('of' in given) || given.of !== of)
      throw new RangeError('a cursor of another list');
    return schema.parse(given);
  } catch {
    throw new SextonError('invalid_request', {
      detail: 'cursor is not one that this list gave, with these filters',
      faults: [
        {
          path: '/cursor',
          message: 'is not a cursor of this list with these filters; start again without it',
        },
      ],
    });
  }
};

/** Nothing that is stored has a NUL, and to ask PostgreSQL about one is an error. */
const refuseNul = (_key: string, value: unknown): unknown => {
  if (typeof value === 'string' && value.includes('\0')) throw new RangeError('a text with NUL');
  return value;
};
