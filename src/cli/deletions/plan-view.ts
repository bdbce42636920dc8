import type { Deletion, Plan, PlanTarget } from '../client/client.js';
import { bytes } from '../output/bytes.js';

type Outcome = Deletion['targets'][number];

/** How much of a digest is shown: all of it, or enough to recognize it. */
export type ShowDigest = (digest: string) => string;

export const shortDigest: ShowDigest = (digest) => digest.replace(/^(\w+:[0-9a-f]{12})[0-9a-f]{4,}$/, '$1…');
export const wholeDigest: ShowDigest = (digest) => digest;

/**
 * The plan as a tree: what was asked for, and below each what goes because of it. Then what is refused, with what to do
 * about it, and what the planner noted.
 */
export const planLines = (plan: Plan, outcomes: readonly Outcome[], show: ShowDigest): string[] => [
  ...headOf(plan),
  ...treeOf(plan.targets, outcomes, show),
  ...plan.refusals.flatMap(({ reference, code, message }) => [
    `  refused ${show(reference)}  ${code}: ${message}`,
    ...(WHAT_TO_DO[code] ? [`          ${WHAT_TO_DO[code]}`] : []),
  ]),
  ...plan.notes.map((note) => `  note: ${note}`),
];

const headOf = ({ targets, reclaimableBytes, selected, hash }: Plan): string[] => {
  const count = (kind: PlanTarget['kind']) => targets.filter((target) => target.kind === kind).length;
  const [manifests, tags] = [count('manifest'), count('tag')];
  const parts = [
    ...(manifests > 0 ? [`${manifests} manifest${manifests === 1 ? '' : 's'}`] : []),
    ...(tags > 0 ? [`${tags} tag${tags === 1 ? '' : 's'} alone`] : []),
  ];
  const size = `${reclaimableBytes.exact ? '' : 'at most '}${bytes(reclaimableBytes.value)}`;
  const freed = reclaimableBytes.value > 0 ? `; the next garbage collection frees ${size}` : '';
  return [
    `plan ${hash}`,
    ...(selected === null ? [] : [`  ${selected.length} selected`]),
    parts.length > 0 ? `  goes: ${parts.join(', ')}${freed}` : '  nothing goes',
  ];
};

/** A target and the targets that go because of it. */
interface Branch {
  readonly target: PlanTarget;
  readonly at: number;
  readonly below: Branch[];
}

/** Each target under the first one before it that names it; so nothing can be under itself. */
const branchesOf = (targets: readonly PlanTarget[]): Branch[] => {
  const roots: Branch[] = [];
  const holders = new Map<string, Branch>();
  for (const [at, target] of targets.entries()) {
    const branch: Branch = { target, at, below: [] };
    const holder = target.because === 'requested' ? undefined : holders.get(target.digest);
    (holder?.below ?? roots).push(branch);
    for (const digest of [target.digest, ...target.children, ...target.referrers]) {
      if (!holders.has(digest)) holders.set(digest, branch);
    }
  }
  return roots;
};

const treeOf = (targets: readonly PlanTarget[], outcomes: readonly Outcome[], show: ShowDigest): string[] => {
  const lines: string[] = [];
  const draw = (branches: readonly Branch[], indent: string, isRoot: boolean): void => {
    for (const [i, branch] of branches.entries()) {
      const isLast = i === branches.length - 1;
      const mark = isRoot ? '' : isLast ? '└─ ' : '├─ ';
      lines.push(`${indent}${mark}${targetLine(branch.target, outcomes[branch.at], show)}`);
      draw(branch.below, `${indent}${isRoot ? '' : isLast ? '   ' : '│  '}`, false);
    }
  };
  draw(branchesOf(targets), '  ', true);
  return lines;
};

const targetLine = (target: PlanTarget, outcome: Outcome | undefined, show: ShowDigest): string => {
  const { kind, reference, digest, mediaType, size, because, tags } = target;
  const what =
    kind === 'tag'
      ? `tag ${reference} alone; ${show(digest)} stays`
      : `${kindOf(mediaType)} ${reference === digest ? '' : `${reference} `}${show(digest)} (${bytes(size)})`;
  const also = tags.filter((tag) => tag !== reference);
  const named =
    kind === 'manifest' && also.length > 0
      ? `, with ${also.length === 1 ? 'tag' : 'tags'} ${also.join(', ')}`
      : '';
  const became = outcome?.outcome ? ` → ${outcome.outcome}` : '';
  const why = outcome?.message ? `: ${outcome.message}` : '';
  return `${what}${named}  [${because}]${became}${why}`;
};

const kindOf = (mediaType: string): string => (/index|manifest\.list/.test(mediaType) ? 'index' : 'manifest');

/** In this command's options, what a caller can do about a refusal; the message itself says the rest. */
const WHAT_TO_DO: Readonly<Partial<Record<string, string>>> = {
  shared_digest: '--siblings untag removes only this tag, --siblings include deletes all of them',
  child_of_index: 'name the indexes too, or remove only the tag with --siblings untag',
  deletes_more: 'leave --children and --referrers at include, or remove only the tag with --siblings untag',
  untag_unsupported: '--siblings include deletes all tags of the digest',
  held: 'sexton holds list names the owner of the hold',
  reference_not_found: 'sexton tags REGISTRY/REPOSITORY lists what is there',
  untagged_unsupported: 'name the digests, or leave --untagged out',
};
