import type { Deletion, Plan } from '../../../public-api/openapi.js';

/** `goes`: it will; `gone`: it did; `back`: it did and was restored; `stays`: it does, whatever was asked for. */
export type Fate = 'goes' | 'gone' | 'back' | 'stays';

export interface TagNode {
  readonly name: string;
  readonly fate: Fate;
}

export interface ManifestNode {
  /** The digest, or for a refused reference that no plan pinned, the reference. */
  readonly id: string;
  readonly kind: 'index' | 'image' | 'referrer' | 'manifest';
  readonly fate: Fate;
  /** Why, in a few words. */
  readonly why: string;
  readonly tags: readonly TagNode[];
  /** What it holds, and what speaks about it: ids of other nodes. */
  readonly below: readonly { readonly id: string; readonly as: 'holds' | 'speaks' }[];
}

export interface PlanGraph {
  readonly manifests: ReadonlyMap<string, ManifestNode>;
  /** Those that nothing in the graph holds or is spoken about by, in the order of the plan. */
  readonly roots: readonly string[];
}

type Target = Plan['targets'][number];

const INDEX = /index|manifest\.list/;
const BECAUSE: Readonly<Record<Target['because'], string>> = {
  requested: 'asked for',
  sibling: 'same digest',
  child: 'in an index that goes',
  referrer: 'speaks about it',
};

/** What the plan of a deletion would do, or did, to tags, indexes, children and referrers. */
export const graphOf = (deletion: Pick<Deletion, 'state' | 'plan' | 'targets'>): PlanGraph => {
  const { plan } = deletion;
  if (plan === null) return { manifests: new Map(), roots: [] };
  const fateOf = fates(deletion);
  const manifests = new Map<string, ManifestNode>();
  const speaking = new Set(plan.targets.flatMap(({ referrers }) => referrers));
  for (const target of plan.targets) {
    const before = manifests.get(target.digest);
    const node = nodeOf(target, fateOf(target), speaking.has(target.digest));
    manifests.set(target.digest, before ? { ...before, tags: mergedTags(before.tags, node.tags) } : node);
  }
  for (const target of plan.targets) {
    for (const { id, as } of manifests.get(target.digest)?.below ?? []) {
      if (!manifests.has(id)) manifests.set(id, staying(id, as === 'speaks' ? 'referrer' : 'manifest'));
    }
    for (const parent of target.parents) addParent(manifests, parent, target.digest);
  }
  for (const refusal of plan.refusals) addRefusal(manifests, plan, refusal);
  const below = new Set([...manifests.values()].flatMap((node) => node.below.map(({ id }) => id)));
  return { manifests, roots: [...manifests.keys()].filter((id) => !below.has(id)) };
};

const fates = ({ state, plan, targets }: Pick<Deletion, 'state' | 'plan' | 'targets'>) => {
  const nothingGoes =
    (plan?.refusals.length ?? 0) > 0 || ['refused', 'rejected', 'cancelled', 'expired'].includes(state);
  const outcomes = new Map(targets.map((target) => [`${target.reference} ${target.digest}`, target.outcome]));
  return ({ reference, digest }: Target): Fate => {
    switch (outcomes.get(`${reference} ${digest}`)) {
      case 'deleted':
      case 'untagged':
      case 'already_absent':
        return 'gone';
      case 'restored':
        return 'back';
      case 'refused':
      case 'tag_moved':
      case 'failed':
        return 'stays';
      case null:
      case undefined:
        return nothingGoes || state === 'failed' ? 'stays' : 'goes';
    }
  };
};

const nodeOf = (target: Target, fate: Fate, speaks: boolean): ManifestNode => {
  const isTagAlone = target.kind === 'tag';
  const going = target.tags.map((name): TagNode => ({ name, fate }));
  const others = target.siblings
    .filter((name) => !target.tags.includes(name))
    .map((name): TagNode => ({ name, fate: 'stays' }));
  const children = target.children.map((id) => ({ id, as: 'holds' as const }));
  const referrers = target.referrers.map((id) => ({ id, as: 'speaks' as const }));
  return {
    id: target.digest,
    kind: INDEX.test(target.mediaType) ? 'index' : speaks ? 'referrer' : 'image',
    fate: isTagAlone ? 'stays' : fate,
    why: isTagAlone ? 'only tags are removed' : BECAUSE[target.because],
    tags: [...going, ...others],
    // What a manifest holds is no concern of a deletion that only takes its tag.
    below: isTagAlone ? [] : [...children, ...referrers],
  };
};

/** Of two targets that take a tag each off one manifest: a tag that either takes goes. */
const mergedTags = (before: readonly TagNode[], after: readonly TagNode[]): readonly TagNode[] => {
  const byName = new Map(before.map((tag) => [tag.name, tag]));
  for (const tag of after) {
    if ((byName.get(tag.name)?.fate ?? 'stays') === 'stays') byName.set(tag.name, tag);
  }
  return [...byName.values()];
};

const staying = (
  id: string,
  kind: ManifestNode['kind'],
  why = 'kept, or needed elsewhere',
): ManifestNode => ({
  id,
  kind,
  fate: 'stays',
  why,
  tags: [],
  below: [],
});

const addParent = (manifests: Map<string, ManifestNode>, parent: string, child: string): void => {
  const known = manifests.get(parent) ?? staying(parent, 'index', 'holds what was asked for');
  if (known.below.some(({ id }) => id === child)) return;
  manifests.set(parent, { ...known, below: [...known.below, { id: child, as: 'holds' }] });
};

/** What was refused, with the tags and indexes that stand in the way. */
const addRefusal = (
  manifests: Map<string, ManifestNode>,
  plan: Plan,
  { reference, tags = [], parents = [] }: Plan['refusals'][number],
): void => {
  const isPlanned = plan.targets.some((target) => target.reference === reference);
  const isDigest = reference.includes(':');
  if (!isPlanned) {
    const names = [...new Set([...(isDigest ? [] : [reference]), ...tags])];
    manifests.set(reference, {
      ...staying(reference, 'manifest', 'refused'),
      tags: names.map((name) => ({ name, fate: 'stays' })),
    });
    for (const parent of parents) addParent(manifests, parent, reference);
  }
};
