import type { DeletionView } from '../src/deletions/deletions.dto.js';
import { dim, green, red } from './colour.js';
import type { Gateway } from './gateway.js';

export type Deletion = DeletionView;

type Say = (text?: string) => void;

const short = (digest: string): string => digest.slice(0, 19);

/** What would go, pinned to digests. */
export const showPlan = (deletion: Deletion, say: Say): void => {
  const { plan } = deletion;
  if (!plan) return;
  say(`   plan ${short(plan.hash)}`);
  for (const target of plan.targets) {
    const tags = target.tags.length > 0 ? ` with ${target.tags.join(', ')}` : '';
    say(`     ${target.kind} ${short(target.digest)}…${tags}, because ${target.because}`);
  }
  const { value, exact } = plan.reclaimableBytes;
  say(`     frees ${exact ? '' : 'at most '}${value} bytes at the next collection`);
};

/** Tells what happens until the deletion ends, and returns it as it is then. */
export const followDeletion = async (gateway: Gateway, id: string, say: Say): Promise<Deletion> => {
  for await (const { type, data } of gateway.events(id)) {
    if (type === 'target') say(`   ${String(data['reference'])}: ${String(data['outcome'])}`);
    if (type === 'state') say(dim(`   ${String(data['state'])}`));
  }
  const deletion = await gateway.get<Deletion>(`/v1/deletions/${id}`);
  say(
    `   ${deletion.state === 'succeeded' ? green(deletion.state) : red(deletion.state)}, verified with the registry`,
  );
  return deletion;
};

interface AuditEvent {
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly name: string };
  readonly reason: string | null;
  readonly ticket: string | null;
}

/** Who, what, when and why. */
export const showAudit = async (gateway: Gateway, id: string, say: Say): Promise<void> => {
  const { items } = await gateway.get<{ items: AuditEvent[] }>(`/v1/audit/events?deletion=${id}`);
  for (const event of items.reverse()) {
    say(`   ${event.at}  ${event.action.padEnd(18)} ${event.outcome.padEnd(9)} ${event.actor.name}`);
  }
  const [first] = items;
  if (first) say(`   reason: ${first.reason ?? ''} (${first.ticket ?? 'no ticket'})`);
};
