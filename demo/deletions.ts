import type { DeletionView } from '../src/deletions/deletions.dto.js';
import type { Gateway } from './gateway.js';
import { dim, green, narrow, red, say, short } from './terminal.js';

/** Asks for a deletion that would take another tag along. True when Sexton refuses it for that. */
export const refuseSharedDigest = async (gateway: Gateway): Promise<boolean> => {
  say(dim('POST /v1/deletions  team-a/shared:v3 (:stable is the same digest)'));
  const { status, problem } = await gateway.ask({
    repository: 'team-a/shared',
    references: ['v3'],
    reason: 'no longer used',
  });
  say(`${red(`${status} ${problem?.code ?? ''}`)}`);
  say(narrow(problem?.detail ?? ''));
  return status === 409 && problem?.code === 'shared_digest';
};

/** Asks for a deletion, shows it while it happens, and what the audit log keeps of it. True when it succeeded. */
export const deleteImage = async (gateway: Gateway): Promise<boolean> => {
  say(dim('POST /v1/deletions  team-a/app:v1.0, "CVE-2026-1234: vulnerable base image", OPS-17'));
  const { status, deletion, problem } = await gateway.ask({
    repository: 'team-a/app',
    references: ['v1.0'],
    reason: 'CVE-2026-1234: vulnerable base image',
    ticket: 'OPS-17',
  });
  if (!deletion) throw new Error(problem?.detail ?? `the gateway answered ${status}`);
  say(`${green(String(status))} ${deletion.id}`);
  showPlan(deletion);
  say('\nas it happens:');
  for await (const { type, data } of gateway.events(deletion.id)) {
    if (type === 'state') say(`  ${dim(String(data['state']))}`);
    if (type === 'target') say(`  ${String(data['reference'])} ${green(String(data['outcome']))}`);
  }
  await showAudit(gateway, deletion.id);
  const { state } = await gateway.get<DeletionView>(`/v1/deletions/${deletion.id}`);
  if (state !== 'succeeded') say(red(`the deletion ended ${state}`));
  return state === 'succeeded';
};

/** What would go, pinned to digests. */
const showPlan = ({ plan }: DeletionView): void => {
  if (!plan) return;
  say('\nthe plan:');
  for (const target of plan.targets) {
    const tags = target.tags.length > 0 ? ` (${target.tags.join(', ')})` : '';
    say(`  ${target.kind} ${short(target.digest)}${tags}, ${target.because}`);
  }
  const { value, exact } = plan.reclaimableBytes;
  say(`  frees ${exact ? '' : 'at most '}${value} bytes at the next garbage collection`);
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
const showAudit = async (gateway: Gateway, id: string): Promise<void> => {
  const { items } = await gateway.get<{ items: AuditEvent[] }>(`/v1/audit/events?deletion=${id}`);
  say('\nthe audit log:');
  for (const event of items.toReversed()) {
    const time = event.at.slice(11, 23);
    say(`  ${time}  ${event.action.padEnd(19)} ${event.outcome.padEnd(10)} ${event.actor.name}`);
  }
  const [last] = items;
  if (last) say(`  reason: ${last.reason ?? ''} (${last.ticket ?? 'no ticket'})`);
};
