import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { ERROR_KINDS, type ErrorCode } from '../errors/codes.js';

/** What any operation may answer, beside its own errors. */
const EVERYWHERE: readonly ErrorCode[] = [
  'unauthenticated',
  'key_expired',
  'token_expired',
  'forbidden',
  'rate_limited',
  'issuer_unavailable',
  'database_unavailable',
  'internal_error',
];

const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** Documents a successful answer with its schema. */
export const ApiAnswer = (status: number, schema: z.ZodType, description: string): MethodDecorator =>
  ApiResponse({ status, description, standardSchema: schema });

/** Documents every error of an operation from the table of codes: one response a status, one example a code. */
export const ApiProblems = (...codes: ErrorCode[]): MethodDecorator => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...EVERYWHERE])) {
    const { status } = ERROR_KINDS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ...[...byStatus].map(([status, ofStatus]) =>
      ApiResponse({
        status,
        description: ofStatus.map((code) => `\`${code}\`: ${ERROR_KINDS[code].title}.`).join(' '),
        content: {
          'application/problem+json': {
            schema: PROBLEM,
            examples: Object.fromEntries(ofStatus.map((code) => [code, { value: exampleOf(code) }])),
          },
        },
      }),
    ),
  );
};

const exampleOf = (code: ErrorCode) => ({
  type: `urn:sexton:error:${code}`,
  title: ERROR_KINDS[code].title,
  status: ERROR_KINDS[code].status,
  detail: `${ERROR_KINDS[code].title}. ${ERROR_KINDS[code].hint}`,
  code,
  instance: '/v1/…',
  requestId: '01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
  errors: [],
});
