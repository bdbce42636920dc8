import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { AuditLog } from '../../audit/audit-log.js';
import { DATABASE, type Db } from '../../database/database.js';
import { SextonError } from '../../errors/sexton-error.js';
import { pagingOf } from '../../http/cursor.js';
import type { Caller } from '../../identity/caller.js';
import type { DeliveryListView, DeliveryView, ListDeliveries } from './deliveries.dto.js';
import { deliveryView } from './webhook-view.js';
import { WebhooksService } from './webhooks.service.js';
import { WebhooksStore } from './webhooks.store.js';

const DELIVERY_ID = /^msg_[0-9A-Z]{26}$/;
const cursorSchema = z.object({ before: z.string().regex(DELIVERY_ID) });

/** What was, is and will be delivered to a webhook. */
@Injectable()
export class DeliveriesService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly store: WebhooksStore,
    private readonly webhooks: WebhooksService,
    private readonly audit: AuditLog,
  ) {}

  async list(webhookId: string, query: ListDeliveries): Promise<DeliveryListView> {
    const { id } = await this.webhooks.existing(webhookId);
    const paging = pagingOf(`webhooks/${id}/deliveries`, query, cursorSchema);
    const before = paging.position?.before ?? null;
    const rows = await this.store.deliveries(id, query.state, before, query.limit + 1);
    const items = rows.slice(0, query.limit).map(deliveryView);
    const last = items.at(-1);
    return {
      items,
      nextCursor: last && rows.length > query.limit ? paging.cursorAfter({ before: last.id }) : null,
    };
  }

  /** Due at once, with all its tries, under the same id: a receiver that has it already knows it. */
  async resend(caller: Caller, webhookId: string, id: string, requestId: string): Promise<DeliveryView> {
    const webhook = await this.webhooks.existing(webhookId);
    return this.db.transaction().execute(async (tx) => {
      const row = DELIVERY_ID.test(id) ? await this.store.makeDue(tx, webhook.id, id, new Date()) : null;
      if (!row) throw new SextonError('not_found', { detail: 'There is no such delivery of this webhook' });
      await this.audit.record(tx, {
        action: 'webhook.delivery_resent',
        outcome: 'accepted',
        actor: { id: caller.id, name: caller.name, address: caller.address },
        requestId,
        details: {
          webhook: webhook.id,
          name: webhook.name,
          origin: webhook.origin,
          delivery: id,
          event: row.sequence,
          type: row.type,
        },
      });
      return deliveryView(row);
    });
  }
}
