import type { Hold } from '../guardrails/hold.js';
import { SextonError } from '../errors/sexton-error.js';
import { parseReference, type Reference } from '../oci/names.js';
import type { SelectedReference } from '../planning/plan.js';
import {
  candidatesOf,
  everything,
  needsAges,
  select,
  type Candidate,
  type Selection,
} from '../planning/selector.js';
import type { RepositorySnapshot } from '../planning/snapshot.js';
import { withoutHeld } from '../planning/selected-holds.js';
import type { Capabilities } from '../registries/registry.js';
import type { DeletionRow } from './deletion-view.js';
import { selectorOf } from './selector.dto.js';
import { withAges } from './image-ages.js';
import type { Surveyed } from './survey.js';

/** What a deletion is about, pinned: `selected` is null where the caller named the references. */
export interface Pinned {
  readonly references: readonly Reference[];
  readonly selected: readonly SelectedReference[] | null;
  readonly notes: readonly string[];
}

/**
 * The references of a deletion: those that the caller named, those that its plan came to before, or what its selector
 * selects of the repository as it was when the deletion was asked for.
 */
export const pin = async (
  row: DeletionRow,
  surveyed: Surveyed,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
  holds: readonly Hold[],
): Promise<Pinned> => {
  if (row.selector === null)
    return { references: parsed(row.requested_references), selected: null, notes: [] };
  const before = row.plan?.selected;
  if (before) {
    return { references: parsed(before.map(({ reference }) => reference)), selected: before, notes: [] };
  }
  const { selected, notes } = await selectionOf(row, surveyed, snapshot, capabilities, holds);
  return {
    references: selected.map(({ reference }) => reference),
    selected: selected.map(asSelected),
    notes: [
      ...notes,
      ...(selected.length === 0 ? ['Nothing in the repository is selected: nothing goes'] : []),
    ],
  };
};

const selectionOf = async (
  row: DeletionRow,
  surveyed: Surveyed,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
  holds: readonly Hold[],
): Promise<Selection> => {
  const { registry, repository, signal } = surveyed;
  const untagged = capabilities.listsUntagged
    ? ((await registry.listUntagged?.(repository, signal)) ?? null)
    : null;
  const wanted = selectorOf(row.selector);
  if (wanted === 'everything') {
    const dangling = [...snapshot.danglingTags].sort();
    return {
      selected: everything(snapshot, untagged ?? []),
      notes: [
        ...(untagged === null ? ['This registry does not list untagged manifests: they stay'] : []),
        ...(dangling.length > 0
          ? [`${dangling.length} tags stay, because their manifests are gone already, such as ${dangling[0]}`]
          : []),
      ],
    };
  }
  if (wanted.untagged && untagged === null) {
    throw new SextonError('untagged_unsupported', {
      detail: `Registry ${registry.name} does not list untagged manifests`,
    });
  }
  const candidates = candidatesOf(wanted, snapshot, untagged ?? []);
  const dated = needsAges(wanted) ? await withAges(surveyed, candidates) : candidates;
  return withoutHeld(select(wanted, dated, row.created_at), holds);
};

const parsed = (texts: readonly string[]): Reference[] =>
  texts.map((text) => parseReference(text)).filter((reference) => reference !== null);

const asSelected = ({ reference, digest, age }: Candidate): SelectedReference => ({
  reference: reference.kind === 'tag' ? reference.tag : reference.digest,
  digest,
  age: age && { at: age.at.toISOString(), basis: age.basis },
});
