import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Digest } from '../oci/digest.js';
import type { Capabilities } from '../registries/registry.js';
import { spread, type Going } from './blast.js';
import { reclaimableBytes } from './bytes.js';
import { inDeletionOrder } from './order.js';
import type { Plan, PlanTarget, Refusal } from './plan.js';
import { textOf, type PlanRequest } from './request.js';
import { pinReferences, type RequestedDigest } from './requested.js';
import { childrenOf, opaqueManifests, parentsByChild, tagsOn, type RepositorySnapshot } from './snapshot.js';

/** What a deletion would do to the repository as it was seen. Pure: the same input gives the same plan and hash. */
export const planDeletion = (
  request: PlanRequest,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
): Plan => {
  const parents = parentsByChild(snapshot);
  const { pinned, refusals } = pinReferences(request, snapshot, capabilities);
  const whole = pinned.filter((asked) => asked.effect === 'delete').map((asked) => asked.digest);
  const { deletes, untags, held } = keepChildren(pinned, new Set(whole), request, parents, capabilities);
  const going = spread(
    deletes.map((asked) => asked.digest),
    request,
    snapshot,
    parents,
  );
  const targets = [
    ...untags.flatMap((asked) => tagTargets(asked, snapshot, parents)),
    ...inDeletionOrder(going, snapshot).map((digest) =>
      manifestTarget(digest, going, pinned, snapshot, parents),
    ),
  ];
  const opaque = opaqueManifests(snapshot, new Set(going.keys()));
  const allRefusals = [...refusals, ...held, ...(going.size > 0 ? unreadable(opaque, deletes) : [])];
  return {
    hash: hashOf(request, targets, allRefusals),
    targets,
    refusals: allRefusals,
    notes: notesOn(going, snapshot, capabilities),
    reclaimableBytes: reclaimableBytes(going, snapshot),
  };
};

/** A manifest inside an index that stays cannot go (promise 2); its tag alone can, where that was the wish. */
const keepChildren = (
  pinned: readonly RequestedDigest[],
  going: ReadonlySet<Digest>,
  request: PlanRequest,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
  capabilities: Capabilities,
): { deletes: RequestedDigest[]; untags: RequestedDigest[]; held: Refusal[] } => {
  const deletes: RequestedDigest[] = [];
  const untags = pinned.filter((asked) => asked.effect === 'untag');
  const held: Refusal[] = [];
  for (const asked of pinned.filter((a) => a.effect === 'delete')) {
    const living = (parents.get(asked.digest) ?? []).filter((parent) => !going.has(parent));
    const onlyTags = !asked.byDigest && asked.siblings.length === 0;
    if (living.length === 0) deletes.push(asked);
    else if (request.siblings === 'untag' && onlyTags && capabilities.untag !== 'none') untags.push(asked);
    else {
      const references = asked.byDigest ? [asked.digest, ...asked.tags] : asked.tags;
      for (const reference of references) {
        held.push({
          reference,
          code: 'child_of_index',
          message: `${reference} is part of ${living.length === 1 ? `index ${living[0]}` : `${living.length} indexes`} that would lose a platform`,
          parents: living,
        });
      }
    }
  }
  return { deletes, untags, held };
};

const unreadable = (opaque: readonly string[], deletes: readonly RequestedDigest[]): Refusal[] =>
  opaque.length === 0
    ? []
    : deletes.map((asked) => ({
        reference: asked.tags[0] ?? asked.digest,
        code: 'unreadable_manifest',
        message: `What ${opaque.length === 1 ? opaque[0] : `${opaque.length} manifests`} of this repository may contain cannot be read, so nobody can say that ${asked.digest} is not part of it`,
      }));

const tagTargets = (
  asked: RequestedDigest,
  snapshot: RepositorySnapshot,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
): PlanTarget[] =>
  asked.tags.map((tag) => ({
    ...factsAbout(asked.digest, snapshot, parents),
    kind: 'tag',
    reference: tag,
    because: 'requested',
    cause: null,
    tags: [tag],
    siblings: tagsOn(snapshot, asked.digest).filter((other) => other !== tag),
    referrers: [],
  }));

const manifestTarget = (
  digest: Digest,
  going: ReadonlyMap<Digest, Going>,
  pinned: readonly RequestedDigest[],
  snapshot: RepositorySnapshot,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
): PlanTarget => {
  const asked = pinned.find((p) => p.digest === digest);
  const { because, cause } = going.get(digest) ?? { because: 'requested', cause: null };
  const tags = tagsOn(snapshot, digest);
  return {
    ...factsAbout(digest, snapshot, parents),
    kind: 'manifest',
    reference: (asked?.byDigest ? undefined : asked?.tags[0]) ?? (asked ? digest : (tags[0] ?? digest)),
    because,
    cause,
    tags,
    siblings: asked?.siblings ?? [],
    referrers: [...going]
      .filter(([, other]) => other.because === 'referrer' && other.cause === digest)
      .map(([referrer]) => referrer)
      .sort(),
  };
};

const factsAbout = (
  digest: Digest,
  snapshot: RepositorySnapshot,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
) => {
  const manifest = snapshot.manifests.get(digest);
  return {
    digest,
    mediaType: manifest?.mediaType ?? 'application/octet-stream',
    size: manifest?.bytes.byteLength ?? 0,
    parents: [...(parents.get(digest) ?? [])],
    children: [...new Set(childrenOf(snapshot, digest).map((child) => child.digest))].sort(),
  };
};

const notesOn = (
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
): string[] => {
  if (going.size === 0) return [];
  const kept = [...going.keys()]
    .flatMap((digest) => childrenOf(snapshot, digest).map((child) => child.digest))
    .filter((child) => !going.has(child) && !snapshot.absent.has(child));
  return [
    ...(kept.length > 0
      ? [`${new Set(kept).size} children stay: another index or tag needs them, or children: keep`]
      : []),
    ...(capabilities.listsUntagged
      ? []
      : [
          'This registry does not list untagged manifests: an index without a tag is known only if it was named',
        ]),
  ];
};

/** RFC 8785 form of what was asked and what would happen; notes and byte counts are commentary. */
const hashOf = (
  request: PlanRequest,
  targets: readonly PlanTarget[],
  refusals: readonly Refusal[],
): string => {
  const text = canonicalize({
    request: { ...request, references: request.references.map(textOf).sort() },
    targets: targets.map(({ kind, digest, because, cause, tags }) => ({
      kind,
      digest,
      because,
      cause,
      tags,
    })),
    refusals: refusals.map(({ reference, code, tags = [], parents = [] }) => ({
      reference,
      code,
      tags,
      parents,
    })),
  });
  return `sha256:${createHash('sha256')
    .update(text ?? '')
    .digest('hex')}`;
};
