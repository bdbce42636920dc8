import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { z } from 'zod';
import { DATABASE, type Db } from '../database/database.js';
import { pagingOf } from '../http/cursor.js';
import type { Caller } from '../identity/caller.js';
import { findEvents, type EventKey, type EventRow } from './audit-events.store.js';
import { eventOf } from './audit-rows.js';
import { maySeeEvent, narrowingFor } from './audit-visibility.js';
import type {
  AuditEventListView,
  AuditEventView,
  AuditKeysView,
  ListAuditEvents,
  VerifyAudit,
} from './audit.dto.js';
import { seenAs } from './checkpoint.js';
import { CheckpointSigner } from './checkpoint-signer.js';
import { publicJwk, publicPem } from './signing-key.js';
import { AUDIT_OPTIONS, trustedKeys, type AuditOptions } from './audit-options.js';
import { canonicalEvent } from './canonical-event.js';
import { verifyAudit, type Verification } from './verification.js';

const cursorSchema = z.object({
  at: z.iso.datetime().transform((text) => new Date(text)),
  position: z.number().int().nonnegative(),
});

/** Rows of one statement where scopes may leave some out, and how many statements one page may take. */
const STEP = 500;
const MOST_STEPS = 10;

/** Reading the audit log, and judging it. */
@Injectable()
export class AuditService {
  /** A verification reads everything: one at a time in a process, and whoever asks meanwhile for the same shares it. */
  private readonly oneAtATime = pLimit(1);
  private readonly running = new Map<string, Promise<Verification>>();

  constructor(
    @Inject(DATABASE) private readonly db: Db,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
    private readonly signer: CheckpointSigner,
  ) {}

  /** SQL narrows to the caller's scopes roughly, `maySeeEvent` decides; a page ends early rather than search for ever. */
  async list(caller: Caller, query: ListAuditEvents): Promise<AuditEventListView> {
    const { limit, cursor: _cursor, ...filters } = query;
    const narrowing = narrowingFor(caller);
    const items: AuditEventView[] = [];
    const paging = pagingOf('audit/events', query, cursorSchema);
    let before: EventKey | null = paging.position;
    const nextCursor = (): string | null => (before === null ? null : paging.cursorAfter(before));
    for (let step = 0; step < MOST_STEPS; step += 1) {
      // Most pages are full at once; only where scopes leave much out, more is read at a time.
      const size = step === 0 ? limit + 1 : Math.max(STEP, limit + 1);
      const rows = await findEvents(this.db, filters, narrowing, before, size);
      for (const row of rows) {
        if (maySeeEvent(caller, eventOf(row))) {
          if (items.length === limit) return { items, nextCursor: nextCursor() };
          items.push(toView(row));
        }
        before = { at: row.at, position: row.position };
      }
      if (rows.length < size) return { items, nextCursor: null };
    }
    return { items, nextCursor: nextCursor() };
  }

  verify({ sequence, hash }: VerifyAudit): Promise<Verification> {
    const noted = sequence !== undefined && hash !== undefined ? { sequence, hash } : null;
    const key = JSON.stringify(noted);
    const known = this.running.get(key);
    if (known) return known;
    const verification = this.oneAtATime(() => {
      const { seen } = this.signer;
      return verifyAudit(this.db, {
        keys: trustedKeys(this.options),
        earlier: [
          ...(noted ? [[noted, 'noted earlier'] as const] : []),
          ...(seen ? [[seen, `${seenAs(seen)}, which is gone`] as const] : []),
        ],
      });
    }).finally(() => this.running.delete(key));
    this.running.set(key, verification);
    return verification;
  }

  /** The public halves of every key whose checkpoints hold. */
  keys(): AuditKeysView {
    const current = this.options.signingKey?.id;
    return {
      keys: trustedKeys(this.options).map((key) => ({
        ...publicJwk(key),
        pem: publicPem(key),
        current: key.id === current,
      })),
    };
  }
}

/** The canonical form itself, so that a reader can hash what they see. */
const toView = (row: EventRow): AuditEventView => ({
  sequence: row.sequence,
  hash: row.hash,
  ...canonicalEvent(eventOf(row)),
});
