import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { FrontConfig } from '../config/config.js';
import type { Asked } from '../deletions/asked.js';
import { createDeletionSchema, type DeletionView } from '../deletions/deletions.dto.js';
import { DeletionsService } from '../deletions/deletions.service.js';
import type { ErrorCode } from '../errors/codes.js';
import { SextonError } from '../errors/sexton-error.js';
import type { Reference } from '../oci/names.js';
import { asFrontError } from './front-error.filter.js';
import { FrontError } from './front-error.js';
import { FRONT_CONFIG, type Meant } from './front-registry.js';

/** Clients of registries wait patiently; what takes longer goes on, and the answer says where to look. */
const LONGEST_WAIT_MS = 300_000;

/** A registry's DELETE as an ordinary deletion: planned, guarded, audited; and its end as a registry would answer. */
@Injectable()
export class FrontDeletions {
  constructor(
    @Inject(FRONT_CONFIG) private readonly config: FrontConfig,
    private readonly deletions: DeletionsService,
  ) {}

  /** Waits for the end; returns the deletion, whose manifest or tag is gone, or throws what a registry would answer. */
  async delete(asked: Asked, request: Request, meant: Meant, reference: Reference): Promise<DeletionView> {
    const body = createDeletionSchema.safeParse({
      registry: meant.registry,
      repository: meant.repository,
      references: [reference.kind === 'tag' ? reference.tag : reference.digest],
      reason: request.get('sexton-reason') ?? `${request.method} ${request.path}, without a reason`,
      ticket: request.get('sexton-ticket'),
      // A registry's own DELETE leaves children and referrers behind; what was not asked for stays.
      children: 'keep',
      referrers: 'keep',
      siblings:
        reference.kind === 'tag' ? 'untag' : this.config.sharedDigests === 'include' ? 'include' : 'single',
    });
    if (!body.success) {
      const [issue] = body.error.issues;
      throw new FrontError(400, 'UNSUPPORTED', `Sexton-Reason or Sexton-Ticket ${issue?.message ?? ''}`);
    }
    const { id } = await this.deletions.create(asked, body.data, { idempotencyKey: null, waitMs: 0 });
    const deletion = await this.deletions.untilSettled(asked, id, LONGEST_WAIT_MS);
    mustHaveGone(deletion);
    return deletion;
  }
}

/** One reference, so one refusal or one problem says it all. */
const mustHaveGone = (deletion: DeletionView): void => {
  const instance = `/v1/deletions/${deletion.id}`;
  const stays = STAYS[deletion.state];
  if (stays) {
    const detail = `Deletion ${deletion.id} is ${deletion.state}; nothing was deleted`;
    throw asFrontError(new SextonError(stays, { detail, instance }));
  }
  const [refusal] = deletion.plan?.refusals ?? [];
  if (refusal) throw asFrontError(new SextonError(refusal.code, { detail: refusal.message, instance }));
  const failed = deletion.targets.find(({ outcome }) => outcome !== null && !GONE.includes(outcome));
  const absent = deletion.targets.find(({ outcome }) => outcome === 'already_absent');
  const told = failed ?? absent;
  if (told?.code) {
    throw asFrontError(new SextonError(told.code, { detail: told.message ?? told.reference, instance }));
  }
  if (deletion.problem && deletion.state === 'failed') {
    throw asFrontError(
      new SextonError(deletion.problem.code, { detail: deletion.problem.message, instance }),
    );
  }
};

/** A client of registries would take 202 for done. */
const STAYS: Partial<Record<DeletionView['state'], ErrorCode>> = {
  awaiting_approval: 'approval_required',
  rejected: 'approval_required',
  expired: 'approval_expired',
  cancelled: 'not_executable',
};

const GONE: readonly string[] = ['deleted', 'untagged', 'already_absent'];
