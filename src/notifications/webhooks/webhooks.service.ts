import { Inject, Injectable } from '@nestjs/common';
import type { Updateable } from 'kysely';
import { newId } from '../../ids/new-id.js';
import { z } from 'zod';
import type { AuditAction, JsonObject, NewAuditEvent } from '../../audit/audit-event.js';
import { AuditLog } from '../../audit/audit-log.js';
import { DATABASE, type Db } from '../../database/database.js';
import { SextonError } from '../../errors/sexton-error.js';
import { pagingOf } from '../../http/cursor.js';
import type { Caller } from '../../identity/caller.js';
import { WebhookTargets } from '../target/webhook-targets.js';
import { originOf } from '../target/webhook-url.js';
import type { WebhookRow } from './claims.store.js';
import { generateSecret } from './signature.js';
import { webhookView } from './webhook-view.js';
import type {
  ChangeWebhook,
  CreateWebhook,
  ListWebhooks,
  WebhookListView,
  WebhookView,
  WebhookWithSecret,
} from './webhooks.dto.js';
import { WebhooksStore } from './webhooks.store.js';
import type { WebhooksTable } from './webhooks.tables.js';

/** Each one costs a look at every audit event, and a place among the connections. */
const MOST_WEBHOOKS = 200;
/** For so long the secret before a rotation signs too. */
const OLD_SECRET_MS = 24 * 3_600_000;
const WEBHOOK_ID = /^whk_[0-9A-Z]{26}$/;
const cursorSchema = z.object({ before: z.string().regex(WEBHOOK_ID) });

/** Webhooks as a resource: made, changed, rotated and removed, each in the audit log in the same transaction. */
@Injectable()
export class WebhooksService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly store: WebhooksStore,
    private readonly targets: WebhookTargets,
    private readonly audit: AuditLog,
  ) {}

  /** The secret is in this answer and in no other. */
  async create(caller: Caller, request: CreateWebhook, requestId: string): Promise<WebhookWithSecret> {
    await this.targets.assertAllowed(request.url);
    const { name, url, events, repositories, enabled } = request;
    const secret = generateSecret();
    const now = new Date();
    const row = await this.db.transaction().execute(async (tx) => {
      if ((await this.store.count(tx)) >= MOST_WEBHOOKS) {
        throw new SextonError('too_many_webhooks', { detail: `There are ${MOST_WEBHOOKS} webhooks already` });
      }
      const made = await this.store.insert(tx, {
        ...{ id: `whk_${newId()}`, name, url, origin: originOf(url), events, repositories, secret },
        ...(!enabled && { disabled_at: now, disabled_because: 'request' as const }),
        created_at: now,
        created_by_id: caller.id,
        created_by_name: caller.name,
      });
      const about = { events, repositories, enabled };
      await this.audit.record(tx, eventOf(made, 'webhook.created', caller, requestId, about));
      return made;
    });
    return { ...webhookView(row, now), secret };
  }

  async list(query: ListWebhooks): Promise<WebhookListView> {
    const paging = pagingOf('webhooks', query, cursorSchema);
    const before = paging.position?.before ?? null;
    const rows = await this.store.page(before, query.limit + 1);
    const items = rows.slice(0, query.limit).map((row) => webhookView(row, new Date()));
    const last = items.at(-1);
    return {
      items,
      nextCursor: last && rows.length > query.limit ? paging.cursorAfter({ before: last.id }) : null,
    };
  }

  async get(id: string): Promise<WebhookView> {
    return webhookView(await this.existing(id), new Date());
  }

  /** The row itself; throws `not_found`. */
  async existing(id: string): Promise<WebhookRow> {
    const row = WEBHOOK_ID.test(id) ? await this.store.find(id) : null;
    if (!row) throw unknownWebhook();
    return row;
  }

  /** What waits for delivery goes to the new URL. */
  async change(caller: Caller, id: string, request: ChangeWebhook, requestId: string): Promise<WebhookView> {
    await this.existing(id);
    if (request.url !== undefined) await this.targets.assertAllowed(request.url);
    const now = new Date();
    return this.db.transaction().execute(async (tx) => {
      const old = await this.store.lock(tx, id);
      if (!old) throw unknownWebhook();
      const row = await this.store.update(tx, id, changeOf(old, request, now));
      const { url, ...shown } = request;
      const details = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
      // The path of a URL may be a secret: the log has its origin, and that it is another one.
      const about = { ...details, ...(url !== undefined && { urlChanged: url !== old.url }) };
      await this.audit.record(tx, eventOf(row, 'webhook.changed', caller, requestId, about));
      return webhookView(row, now);
    });
  }

  /** A new secret; the old one signs too for a day, so that the receiver can take it over without losing anything. */
  async rotate(caller: Caller, id: string, requestId: string): Promise<WebhookWithSecret> {
    await this.existing(id);
    const secret = generateSecret();
    const now = new Date();
    return this.db.transaction().execute(async (tx) => {
      const old = await this.store.lock(tx, id);
      if (!old) throw unknownWebhook();
      const until = new Date(now.getTime() + OLD_SECRET_MS);
      const change = { secret, previous_secret: old.secret, previous_secret_until: until };
      const row = await this.store.update(tx, id, change);
      await this.audit.record(tx, eventOf(row, 'webhook.secret_rotated', caller, requestId));
      return { ...webhookView(row, now), secret };
    });
  }

  /** What waits for delivery is forgotten. */
  async remove(caller: Caller, id: string, requestId: string): Promise<void> {
    await this.existing(id);
    await this.db.transaction().execute(async (tx) => {
      const row = await this.store.lock(tx, id);
      if (!row) throw unknownWebhook();
      await this.store.remove(tx, id);
      await this.audit.record(tx, eventOf(row, 'webhook.removed', caller, requestId));
    });
  }
}

const changeOf = (old: WebhookRow, request: ChangeWebhook, now: Date): Updateable<WebhooksTable> => {
  const { name, url, events, repositories, enabled } = request;
  const isOn = old.disabled_at === null;
  return {
    name: name ?? old.name,
    url: url ?? old.url,
    origin: originOf(url ?? old.url),
    events: events ?? old.events,
    repositories: repositories ?? old.repositories,
    ...(enabled === true && { disabled_at: null, disabled_because: null }),
    ...(enabled === false && isOn && { disabled_at: now, disabled_because: 'request' as const }),
  };
};

const eventOf = (
  { id, name, origin }: WebhookRow,
  action: AuditAction,
  caller: Caller,
  requestId: string,
  about: JsonObject = {},
): NewAuditEvent => ({
  action,
  outcome: 'succeeded',
  actor: { id: caller.id, name: caller.name, address: caller.address },
  requestId,
  details: { webhook: id, name, origin, ...about },
});

const unknownWebhook = (): SextonError =>
  new SextonError('not_found', { detail: 'There is no such webhook' });
