import type { Deletion } from '../client/client.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { planLines, type ShowDigest } from './plan-view.js';

/** One deletion for people: what, how far, why, the plan with its outcomes, and what to do next. */
export const deletionLines = (deletion: Deletion, show: ShowDigest): string[] => {
  const { id, registry, repository, state, reason, ticket, requestedBy, createdAt, plan, targets } = deletion;
  return [
    `${id}  ${registry}/${repository}  ${state}`,
    `  ${reason}${ticket === null ? '' : ` (${ticket})`}; ${requestedBy.name}, ${createdAt}`,
    ...problemLines(deletion),
    ...(plan ? planLines(plan, targets, show) : []),
    ...approvalLines(deletion),
    ...nextLines(deletion),
  ];
};

/** A plan that was executed stays a `dryRun`; shown as one, it would look as if nothing had been deleted. */
export const stateForPeople = ({ state, dryRun }: Pick<Deletion, 'state' | 'dryRun'>): string =>
  dryRun && (state === 'planning' || state === 'planned') ? `${state} (dry run)` : state;

const problemLines = ({ problem, waiting }: Deletion): string[] => [
  ...(problem
    ? [`  ${problem.code}: ${problem.message}${problem.retryAt ? `; tried again at ${problem.retryAt}` : ''}`]
    : []),
  ...(waiting ? [`  waits: ${waitingFor(waiting)}`] : []),
];

const waitingFor = (waiting: NonNullable<Deletion['waiting']>): string => {
  switch (waiting.for) {
    case 'pause':
      return `paused by ${waiting.by.name}: ${waiting.reason}`;
    case 'registry':
      return `the registry is left alone until ${waiting.until}: ${waiting.message}`;
    case 'window':
      return `for its window${waiting.opensAt ? `, which opens at ${waiting.opensAt}` : ''}`;
  }
};

const approvalLines = ({ approval, state, id }: Deletion): string[] => {
  if (!approval) return [];
  const { rules, decisions, needed, expiresAt, planHash } = approval;
  const given = decisions.filter(({ decision }) => decision === 'approved').length;
  return [
    ...rules.map(({ name, because }) => `  needs approval (${name}): ${because}`),
    ...decisions.map(({ decision, by, reason, at }) => `  ${decision} by ${by.name}, ${at}: ${reason}`),
    ...(state === 'awaiting_approval'
      ? [
          `  ${given} of ${needed} approved; until ${expiresAt}`,
          `Somebody else approves it with: sexton approve ${id} --plan-hash ${planHash} --reason …`,
        ]
      : []),
  ];
};

const nextLines = ({ state, id, restorableUntil, targets }: Deletion): string[] => {
  switch (state) {
    case 'planned':
      return [`Carry out exactly this with: sexton execute ${id}`];
    case 'refused':
      return ['Nothing was deleted.'];
    case 'planning':
    case 'queued':
    case 'running':
      return [`Under way; watch with: sexton status ${id} --watch`];
    case 'succeeded':
    case 'partially_succeeded':
      // A selector may select nothing, and what was gone before cannot be put back.
      if (!targets.some(({ outcome }) => outcome === 'deleted' || outcome === 'untagged')) return [];
      return [
        `Put back with: sexton restore ${id} --reason …${restorableUntil ? ` (until ${restorableUntil})` : ''}`,
      ];
    case 'awaiting_approval':
    case 'failed':
    case 'rejected':
    case 'cancelled':
    case 'expired':
    case 'restored':
      return [];
  }
};

/** The exit status that the state of a deletion is, for whoever waited for it. */
export const exitOfState = (state: Deletion['state']): ExitCode => {
  switch (state) {
    case 'succeeded':
    case 'planned':
    case 'restored':
    case 'planning':
    case 'queued':
    case 'running':
      return EXIT.done;
    case 'failed':
      return EXIT.failed;
    case 'refused':
      return EXIT.refused;
    case 'partially_succeeded':
      return EXIT.incomplete;
    case 'awaiting_approval':
      return EXIT.awaitingApproval;
    case 'rejected':
    case 'cancelled':
    case 'expired':
      return EXIT.withdrawn;
  }
};
