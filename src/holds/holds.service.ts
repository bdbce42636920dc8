import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../ids/new-id.js';
import { z } from 'zod';
import type { AuditAction, AuditOutcome, NewAuditEvent } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { DATABASE, type Db } from '../database/database.js';
import { SextonError } from '../errors/sexton-error.js';
import { globMatcher } from '../glob/glob.js';
import { pagingOf } from '../http/cursor.js';
import { invalidRequest } from '../http/validation.js';
import type { Caller } from '../identity/caller.js';
import { roleMay } from '../identity/permissions.js';
import { Persons } from '../identity/persons.js';
import { maySeeRegistry, mayActOnAll, mayActOnSome } from '../identity/scope.js';
import { GUARDRAILS, type Guardrails } from '../guardrails/guardrails.js';
import { Registries } from '../registries/registries.js';
import { configuredHoldView, holdView, stateOf, type HoldRow } from './hold-view.js';
import type { CreateHold, HoldView, ListHolds } from './holds.dto.js';
import { HoldsStore } from './holds.store.js';
import type { Lifting } from './holds.table.js';

/** How long the first of two wishes to lift a legal hold waits for the second. */
const LIFT_REQUEST_MS = 7 * 86_400_000;

const HOLD_ID = /^hold_[0-9A-Z]{26}$/;
const cursorSchema = z.object({ before: z.string().regex(HOLD_ID) });
/** Rows of one statement where scopes may leave some out, and how many statements one page may take. */
const STEP = 200;
const MOST_STEPS = 10;

/** Holds as a resource: made, read and lifted, each in the audit log in the same transaction. */
@Injectable()
export class HoldsService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly store: HoldsStore,
    private readonly persons: Persons,
    private readonly audit: AuditLog,
    private readonly registries: Registries,
    @Inject(GUARDRAILS) private readonly guardrails: Guardrails,
  ) {}

  /** In force for every plan and every target from the moment it returns. */
  async create(caller: Caller, request: CreateHold, requestId: string): Promise<HoldView> {
    if (!this.registries.has(request.registry) || !maySeeRegistry(caller, request.registry)) {
      throw new SextonError('unknown_registry', {
        detail: `There is no registry named ${request.registry} that you may use`,
      });
    }
    mustCover(caller, request);
    const now = new Date();
    const expiresAt = request.expiresAt === undefined ? null : new Date(request.expiresAt);
    if (expiresAt !== null && expiresAt <= now) {
      throw invalidRequest([{ path: ['expiresAt'], message: 'must be in the future' }]);
    }
    const row = await this.db.transaction().execute(async (tx) => {
      const made = await this.store.insert(tx, {
        id: `hold_${newId()}`,
        registry: request.registry,
        repository: request.repository,
        tags: request.tags ?? null,
        digest: request.digest ?? null,
        reason: request.reason,
        owner: request.owner ?? caller.name,
        legal: request.legal,
        created_at: now,
        created_by_id: caller.id,
        created_by_name: caller.name,
        expires_at: expiresAt,
      });
      await this.audit.record(tx, eventOf(made, 'hold.created', 'succeeded', caller, made.reason, requestId));
      return made;
    });
    return holdView(row, now);
  }

  /** Those of sexton.yaml on the first page, then newest first; only what may concern the caller. */
  async list(caller: Caller, query: ListHolds): Promise<{ items: HoldView[]; nextCursor: string | null }> {
    const now = new Date();
    const isWanted = (hold: { registry: string; repository: string }): boolean =>
      maySee(caller, hold) &&
      (query.registry === undefined || hold.registry === query.registry) &&
      (query.repository === undefined || globMatcher(hold.repository)(query.repository));
    const paging = pagingOf('holds', query, cursorSchema);
    const isFirst = paging.position === null;
    const items =
      isFirst && query.state !== 'over' ? this.guardrails.holds.filter(isWanted).map(configuredHoldView) : [];
    let before = paging.position?.before ?? null;
    const most = items.length + query.limit;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const rows = await this.store.page(query, before, STEP, now);
      for (const row of rows) {
        if (isWanted(row)) {
          if (items.length === most) return { items, nextCursor: paging.cursorAfter({ before }) };
          items.push(holdView(row, now));
        }
        before = row.id;
      }
      if (rows.length < STEP) return { items, nextCursor: null };
    }
    return { items, nextCursor: paging.cursorAfter({ before }) };
  }

  /** `not_found` for what the caller may not see, whether it exists or not. */
  async get(caller: Caller, id: string): Promise<HoldView> {
    const configured = this.guardrails.holds.find((hold) => hold.id === id);
    if (configured && maySee(caller, configured)) return configuredHoldView(configured);
    return holdView(await this.visible(caller, id), new Date());
  }

  /**
   * Lifts a hold; of a legal one the first call only asks for that, and another person must ask too. Returns the hold,
   * and whether it is lifted now.
   */
  async lift(
    caller: Caller,
    id: string,
    reason: string,
    requestId: string,
  ): Promise<{ readonly hold: HoldView; readonly isLifted: boolean }> {
    const configured = this.guardrails.holds.find((hold) => hold.id === id);
    if (configured && maySee(caller, configured)) {
      throw new SextonError('hold_not_liftable', { detail: `Hold ${id} stands in sexton.yaml` });
    }
    const seen = await this.visible(caller, id);
    if (!seen.legal && !roleMay(caller.role, 'holds:write')) {
      throw new SextonError('forbidden', { detail: `The role ${caller.role} has no permission holds:write` });
    }
    mustCover(caller, seen);
    return this.db.transaction().execute(async (tx) => {
      const now = new Date();
      const row = await this.store.lock(tx, id);
      if (!row || stateOf(row, now) !== 'in_force') {
        throw new SextonError('hold_not_liftable', { detail: `Hold ${id} is over` });
      }
      const lifting: Lifting = {
        by: { id: caller.id, name: caller.name },
        reason,
        at: now.toISOString(),
      };
      const first = row.legal ? waitingRequest(row, now) : null;
      if (row.legal && first === null) {
        const asked = await this.store.requestLift(tx, id, lifting);
        await this.audit.record(
          tx,
          eventOf(row, 'hold.lift_requested', 'accepted', caller, reason, requestId),
        );
        return { hold: holdView(asked, now), isLifted: false };
      }
      if (first !== null && (await this.isOneOfTwo(caller.id, first.by.id))) {
        throw new SextonError('second_person_required', {
          detail: `Hold ${id} is legal, and ${first.by.name} asked to lift it: another person must do so too`,
        });
      }
      const lifted = await this.store.lift(tx, id, lifting);
      await this.audit.record(tx, eventOf(row, 'hold.removed', 'succeeded', caller, reason, requestId));
      return { hold: holdView(lifted, now), isLifted: true };
    });
  }

  private async isOneOfTwo(second: string, first: string): Promise<boolean> {
    return (await this.persons.mayBeOne(second, first)) || this.persons.mayBeOne(first, second);
  }

  private async visible(caller: Caller, id: string): Promise<HoldRow> {
    const row = HOLD_ID.test(id) ? await this.store.find(id) : null;
    if (!row || !maySee(caller, row)) {
      throw new SextonError('not_found', { detail: `There is no hold ${id.slice(0, 64)}` });
    }
    return row;
  }
}

type Where = Pick<HoldRow, 'registry' | 'repository'>;

const maySee = (caller: Caller, { registry, repository }: Where): boolean =>
  mayActOnSome(caller, 'read', registry, repository);

/** A hold binds everybody in its repositories: whoever makes or lifts it must be in charge of all of them. */
const mustCover = (caller: Caller, { registry, repository }: Where): void => {
  if (mayActOnAll(caller, 'delete', registry, repository)) return;
  if (mayActOnSome(caller, 'read', registry, repository)) {
    throw new SextonError('forbidden', {
      detail: `None of your scopes covers all of ${registry}/${repository} with delete`,
    });
  }
  throw new SextonError('unknown_registry', {
    detail: `There is no repository ${repository} in a registry named ${registry} that you may use`,
  });
};

const waitingRequest = ({ lift_request }: HoldRow, now: Date): Lifting | null =>
  lift_request !== null && now.getTime() - Date.parse(lift_request.at) < LIFT_REQUEST_MS
    ? lift_request
    : null;

const eventOf = (
  row: HoldRow,
  action: AuditAction,
  outcome: AuditOutcome,
  caller: Caller,
  reason: string,
  requestId: string,
): NewAuditEvent => ({
  action,
  outcome,
  actor: { id: caller.id, name: caller.name, address: caller.address },
  registry: row.registry,
  repository: row.repository,
  reference: row.tags,
  digest: row.digest,
  reason,
  requestId,
  details: {
    hold: row.id,
    owner: row.owner,
    legal: row.legal,
    expiresAt: row.expires_at?.toISOString() ?? null,
    ...(action === 'hold.removed' && row.lift_request !== null && { askedFirst: row.lift_request.by.id }),
  },
});
