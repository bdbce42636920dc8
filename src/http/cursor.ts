import type { z } from 'zod';
import { SextonError } from '../errors/sexton-error.js';

/** Opaque keyset cursors: base64url JSON, checked by a schema when they come back. */
export const encodeCursor = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

export const decodeCursor = <T>(text: string, schema: z.ZodType<T>): T => {
  try {
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8'), refuseNul));
  } catch {
    throw new SextonError('invalid_request', {
      detail: 'cursor is not one that this list gave',
      faults: [{ path: '/cursor', message: 'is not a cursor of this list; start again without it' }],
    });
  }
};

/** Nothing that is stored has a NUL, and to ask PostgreSQL about one is an error. */
const refuseNul = (_key: string, value: unknown): unknown => {
  if (typeof value === 'string' && value.includes('\0')) throw new RangeError('a text with NUL');
  return value;
};
