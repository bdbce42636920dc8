import { z } from 'zod';
import { ERROR_KINDS, type ErrorCode } from '../errors/codes.js';
import type { SextonError } from '../errors/sexton-error.js';

const codes = Object.keys(ERROR_KINDS) as [ErrorCode, ...ErrorCode[]];

/** RFC 9457 problem details, with the stable code and what to do next. */
export const problemSchema = z
  .object({
    type: z.string().describe('urn:sexton:error:<code>'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('What happened, and what to do next.'),
    code: z.enum(codes).describe('Stable; meant for programs.'),
    instance: z.string().describe('The path that was asked for, or the deletion it is about.'),
    requestId: z.string(),
    errors: z
      .array(z.looseObject({ path: z.string().optional(), message: z.string() }))
      .describe('One entry for each fault.'),
  })
  .meta({ id: 'Problem', description: 'Every error, as application/problem+json (RFC 9457).' });

export type Problem = z.infer<typeof problemSchema>;

/** The problem that an error is, for a request to `path`. */
export const toProblem = (error: SextonError, path: string, requestId: string): Problem => ({
  type: `urn:sexton:error:${error.code}`,
  title: error.title,
  status: error.status,
  detail: `${endSentence(error.message)} ${error.hint}`,
  code: error.code,
  instance: error.instance ?? path,
  requestId,
  errors: error.faults.map((fault) => ({ ...fault })),
});

const endSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
