import type { Deletion, Me } from '../../../public-api/openapi.js';
import { isInScope, mayAtAll, type Permission } from './scope.js';

export type DeletionAct = 'approve' | 'reject' | 'execute' | 'cancel' | 'restore';

const NEEDED: Readonly<Record<DeletionAct, Permission>> = {
  approve: 'deletions:approve',
  reject: 'deletions:approve',
  execute: 'deletions:execute',
  cancel: 'deletions:cancel',
  restore: 'deletions:restore',
};

const ACTS: readonly DeletionAct[] = ['approve', 'reject', 'execute', 'cancel', 'restore'];
const CANCELLABLE: readonly Deletion['state'][] = ['planning', 'planned', 'awaiting_approval', 'queued'];
const RESTORABLE: readonly Deletion['state'][] = ['succeeded', 'partially_succeeded', 'failed'];

/** What of a deletion decides about it. */
export type Judged = Pick<
  Deletion,
  'state' | 'registry' | 'repository' | 'dryRun' | 'plan' | 'targets' | 'requestedBy' | 'approval'
>;

/** What to offer to this caller for this deletion, in this order. The server judges whatever is then asked for. */
export const actsOn = (deletion: Judged, me: Me): readonly DeletionAct[] =>
  ACTS.filter(
    (act) => mayAtAll(me, NEEDED[act]) && isInScope(me, 'delete', deletion) && fits(act, deletion, me),
  );

const fits = (act: DeletionAct, { state, dryRun, plan, targets, requestedBy, approval }: Judged, me: Me) => {
  switch (act) {
    case 'approve':
    case 'reject':
      return (
        state === 'awaiting_approval' &&
        requestedBy.id !== me.id &&
        !approval?.decisions.some(({ by }) => by.id === me.id)
      );
    case 'execute':
      return state === 'planned' && dryRun && plan !== null && plan.refusals.length === 0;
    case 'cancel':
      return CANCELLABLE.includes(state);
    case 'restore':
      return (
        RESTORABLE.includes(state) &&
        targets.some(({ outcome }) => outcome === 'deleted' || outcome === 'untagged')
      );
  }
};
