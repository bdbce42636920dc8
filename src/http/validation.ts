import { StandardSchemaValidationPipe } from '@nestjs/common';
import { SextonError, type Fault } from '../errors/sexton-error.js';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** RFC 6901 pointer of an issue, with an unknown field named where zod names it only in its message. */
const toFault = ({ message, path = [] }: Issue): Fault => ({
  path: path
    .map((part) => String(typeof part === 'object' ? part.key : part))
    .map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join(''),
  message,
});

/** At most this many faults are listed; a body of a thousand bad references needs no thousand lines. */
const MOST_FAULTS = 20;

export const invalidRequest = (issues: readonly Issue[]): SextonError => {
  const faults = issues.slice(0, MOST_FAULTS).map(toFault);
  const first = faults[0];
  const where = first?.path ? `${first.path}: ` : '';
  return new SextonError('invalid_request', {
    detail: first ? `${where}${first.message}` : 'The request is not valid',
    faults,
  });
};

/** Validates every `@Body/@Query/@Param({ schema })`; handlers receive the parsed value. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({ transform: true, exceptionFactory: invalidRequest });
