import type { PlanRequest } from '../../src/planning/request.js';
import type { Capabilities } from '../../src/registries/registry.js';
import { helperTagFor, type Node } from './repository.js';

/** What must happen, by manifest number and tag name. */
export interface Expected {
  readonly refused: ReadonlySet<string>;
  /** Manifests that go. */
  readonly goes: ReadonlySet<number>;
  /** Tags that go while their manifest stays. */
  readonly untagged: ReadonlySet<string>;
}

type Rules = Pick<PlanRequest, 'siblings' | 'referrers' | 'children'>;

/**
 * What a deletion must do, worked out from the description of the repository: plain sets, and rules applied until
 * nothing changes. It shares no code with the planner.
 */
export const expectedOf = (
  nodes: readonly Node[],
  asked: ReadonlySet<string | number>,
  rules: Rules,
  capabilities: Capabilities,
): Expected => {
  const tagged = new Map(nodes.flatMap(({ tags = [] }, at) => tags.map((tag) => [tag, at] as const)));
  const refused = new Set<string>();
  const byManifest = new Map<number, { tags: string[]; itself: boolean }>();
  for (const reference of asked) {
    const at = typeof reference === 'number' ? reference : tagged.get(reference);
    if (at === undefined || at >= nodes.length) {
      refused.add(String(reference));
      continue;
    }
    const entry = byManifest.get(at) ?? { tags: [], itself: false };
    if (typeof reference === 'number') entry.itself = true;
    else entry.tags.push(reference);
    byManifest.set(at, entry);
  }
  const whole = new Set<number>();
  const untagged = new Set<string>();
  const refuse = (at: number): void => {
    const entry = byManifest.get(at);
    for (const tag of entry?.tags ?? []) refused.add(tag);
    if (entry?.itself) refused.add(String(at));
  };
  for (const [at, { tags, itself }] of byManifest) {
    const others = (nodes[at]?.tags ?? []).filter((tag) => !tags.includes(tag));
    const isShared = others.length > (rules.siblings === 'single' && itself && tags.length === 0 ? 1 : 0);
    if (!isShared || rules.siblings === 'include') whole.add(at);
    else if (rules.siblings === 'untag' && !itself && capabilities.untag !== 'none') {
      for (const tag of tags) untagged.add(tag);
    } else refuse(at);
  }
  const goes = spreadOf(nodes, whole, rules, capabilities);
  for (const at of whole) {
    if (goes.has(at)) continue;
    const { tags, itself } = byManifest.get(at) ?? { tags: [], itself: true };
    if (rules.siblings === 'untag' && !itself && capabilities.untag !== 'none') {
      for (const tag of tags) untagged.add(tag);
    } else refuse(at);
  }
  // A manifest that goes anyway takes its tags along.
  for (const tag of [...untagged]) if (goes.has(tagged.get(tag) ?? -1)) untagged.delete(tag);
  return { refused, goes, untagged };
};

const spreadOf = (
  nodes: readonly Node[],
  whole: ReadonlySet<number>,
  rules: Rules,
  capabilities: Capabilities,
): ReadonlySet<number> => {
  const goes = new Set<number>();
  const isHeld = (at: number): boolean =>
    nodes.some((other, holder) => {
      if (goes.has(holder) || holder === at) return false;
      if (other.kind === 'index') return other.children?.includes(at) ?? false;
      return other.kind === 'opaque' && !leadsTo(nodes, at, holder);
    });
  const isWantedReferrer = (at: number): boolean =>
    rules.referrers === 'include' &&
    [...goes].some((subject) => isKnownReferrer(nodes, at, subject, capabilities)) &&
    (nodes[at]?.tags ?? []).every((tag) => [...goes].some((subject) => isHelperTagOf(tag, subject)));
  const isWantedChild = (at: number): boolean =>
    rules.children === 'include' &&
    [...goes].some((index) => nodes[index]?.children?.includes(at)) &&
    (nodes[at]?.tags ?? []).length === 0 &&
    (rules.referrers === 'include' || (nodes[at]?.subject ?? null) === null);
  for (let changed = true; changed;) {
    changed = false;
    for (const at of nodes.keys()) {
      if (goes.has(at) || isHeld(at)) continue;
      const isWanted = whole.has(at) || isWantedReferrer(at) || isWantedChild(at);
      if (!isWanted) continue;
      goes.add(at);
      changed = true;
    }
  }
  return goes;
};

/** Whether `to` can be reached from `from`, so that its hash is older than that of `from`. */
const leadsTo = (nodes: readonly Node[], from: number, to: number): boolean => {
  const node = nodes[from];
  if (!node || node.kind === 'opaque') return false;
  const named = [...(node.children ?? []), ...(node.subject == null ? [] : [node.subject])];
  return named.some((at) => at === to || leadsTo(nodes, at, to));
};

const SUFFIXES = ['', '.sig', '.att', '.sbom'] as const;

const isHelperTagOf = (tag: string, subject: number): boolean =>
  SUFFIXES.some((suffix) => helperTagFor(subject, suffix) === tag);

/** Whether `at` speaks about `subject`, and a registry of these capabilities lets one find that out. */
const isKnownReferrer = (
  nodes: readonly Node[],
  at: number,
  subject: number,
  capabilities: Capabilities,
): boolean => {
  if (at === subject) return false;
  const namesIt = (other: number): boolean => nodes[other]?.subject === subject;
  const tags = nodes[at]?.tags ?? [];
  const hasHelperTag = tags.some((tag) => isHelperTagOf(tag, subject));
  const isCosign = tags.some((tag) => isHelperTagOf(tag, subject) && /\.(sig|att|sbom)$/.test(tag));
  const isList =
    tags.includes(helperTagFor(subject)) &&
    nodes[at]?.kind === 'index' &&
    (nodes[at]?.children ?? []).every(namesIt);
  const isListed = nodes.some(
    (list, listAt) =>
      listAt !== subject &&
      (list.tags ?? []).some((tag) => isHelperTagOf(tag, subject)) &&
      list.children?.includes(at),
  );
  const isFound = hasHelperTag || isListed || capabilities.referrersApi;
  return isCosign || isList || (isFound && namesIt(at));
};
