import { holdOfDigest, holdOfTag, type Hold } from '../guardrails/hold.js';
import { heldBy } from './held.js';
import type { Candidate, Selection } from './selector.js';

/**
 * Leaves out what is held itself, with a note: rules that run every night must not fail for one release. What a hold
 * protects in another way, such as through a sibling tag, is still refused by the plan.
 */
export const withoutHeld = ({ selected, notes }: Selection, holds: readonly Hold[]): Selection => {
  const holdOf = ({ reference, digest }: Candidate): Hold | null =>
    (reference.kind === 'tag' ? holdOfTag(holds, reference.tag) : null) ?? holdOfDigest(holds, digest);
  const held = selected.flatMap((candidate) => {
    const hold = holdOf(candidate);
    return hold ? [{ candidate, hold }] : [];
  });
  const [first] = held;
  if (!first) return { selected, notes };
  const { reference } = first.candidate;
  const name = reference.kind === 'tag' ? reference.tag : reference.digest;
  const more = held.length > 1 ? ` (and ${held.length - 1} more)` : '';
  return {
    selected: selected.filter((candidate) => holdOf(candidate) === null),
    notes: [...notes, `${name}${more} stays: it is ${heldBy(first.hold)}`],
  };
};
