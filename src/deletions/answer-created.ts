import type { Response } from 'express';
import { SextonError } from '../errors/sexton-error.js';
import type { DeletionView } from './deletions.dto.js';

/**
 * The answer to `POST /v1/deletions`: the deletion with 202, or as a problem where it has ended already: its plan was
 * refused (409), or the registry cannot be worked with. Either way it can be read at Location.
 */
export const answerCreated = (deletion: DeletionView, response: Response): DeletionView => {
  const instance = `/v1/deletions/${deletion.id}`;
  response.setHeader('Location', instance);
  if (deletion.state === 'refused' && deletion.plan) {
    const { refusals } = deletion.plan;
    const codes = new Set(refusals.map((refusal) => refusal.code));
    const [only] = codes;
    throw new SextonError(codes.size === 1 && only ? only : 'plan_refused', {
      detail:
        refusals.length === 1 && refusals[0]
          ? refusals[0].message
          : `${refusals.length} references were refused; nothing was deleted`,
      faults: refusals.map(({ reference, code, message, tags, parents }) => ({
        reference,
        code,
        message,
        ...(tags && { tags }),
        ...(parents && { parents }),
      })),
      instance,
    });
  }
  if (deletion.state === 'failed' && deletion.problem && deletion.startedAt === null) {
    throw new SextonError(deletion.problem.code, { detail: deletion.problem.message, instance });
  }
  return deletion;
};
