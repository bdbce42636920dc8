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

/** Whether `__proto__` is the name of a field anywhere in what came as JSON. */
const namesProto = (value: unknown): boolean => {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (Object.hasOwn(next, '__proto__')) return true;
    for (const [, field] of Object.entries(next)) open.push(field);
  }
  return false;
};

/**
 * Nest's, which would take fields named `__proto__`, `prototype` and `constructor` away before the schema sees them: a
 * label of such a name would be lost, and a mistyped field not be refused. The schemas know the last two as fields like
 * any other; zod passes over the first one in a record, so it is refused here.
 */
class ValidationPipe extends StandardSchemaValidationPipe {
  protected override stripProtoKeys(value: unknown): void {
    if (namesProto(value)) throw invalidRequest([{ message: 'Unrecognized key: "__proto__"' }]);
  }
}

/** Validates every `@Body/@Query/@Param({ schema })`; handlers receive the parsed value. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new ValidationPipe({ transform: true, exceptionFactory: invalidRequest });
