import type { DeletionRow, TargetRow } from '../deletions/deletion-view.js';
import type { ManifestMemory } from '../deletions/manifest-memory.js';
import { writeTombstone } from '../deletions/tombstones.store.js';
import type { ErrorCode } from '../errors/codes.js';
import { SextonError } from '../errors/sexton-error.js';
import { parseDigest, type Digest } from '../oci/digest.js';
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '../oci/names.js';
import type { Hold } from '../guardrails/hold.js';
import { heldBy, holdOnAllOf } from '../planning/held.js';
import type { PlanTarget } from '../planning/plan.js';
import { recheckTarget } from '../planning/recheck.js';
import type { RepositorySnapshot } from '../planning/snapshot.js';
import type { Registry } from '../registries/registry.js';
import type { RepositoryClaim } from './repository-claim.js';

export interface TargetResult {
  readonly outcome: 'deleted' | 'untagged' | 'already_absent' | 'refused' | 'tag_moved' | 'failed';
  readonly code: ErrorCode | null;
  readonly message: string | null;
  /** Tags that went with it. */
  readonly tags?: readonly string[];
}

export interface TargetWork {
  readonly claim: RepositoryClaim;
  readonly row: DeletionRow;
  readonly target: PlanTarget;
  /** All targets of the plan, in its order. */
  readonly targets: readonly PlanTarget[];
  readonly result: TargetRow;
  /** Taken after this run began, and not long ago. */
  readonly snapshot: RepositorySnapshot;
  /** Manifests that this deletion removed, or found absent, but for those that the snapshot shows to be there again. */
  readonly gone: ReadonlySet<Digest>;
  /** In force when the snapshot was taken. */
  readonly holds: readonly Hold[];
  /** Whether those are still all; asked at the last moment. */
  readonly holdsAreTheSame: () => Promise<boolean>;
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

/**
 * Carries out one target: look again, tombstone, look once more at the last moment, delete, verify. Doubt ends in an
 * outcome that deleted nothing. Throws only what another attempt may mend; null when holds changed meanwhile and all must be
 * looked at again.
 */
export class TargetExecutor {
  constructor(private readonly manifests: ManifestMemory) {}

  async execute(work: TargetWork): Promise<TargetResult | null> {
    const { result, signal } = work;
    try {
      return await this.attempt(work);
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof SextonError) || thrown.canRetry) throw thrown;
      return failed(thrown.code, `${result.reference}: ${thrown.message}`);
    }
  }

  private async attempt(work: TargetWork): Promise<TargetResult | null> {
    const { claim, row, target, result, snapshot, gone, registry, signal } = work;
    const repository = parseRepositoryName(row.repository);
    const digest = parseDigest(target.digest);
    // What stands in the way may have come after our own delete, whose end nobody learned: what went must be told.
    const leftAlone = async (outcome: TargetResult): Promise<TargetResult> =>
      interrupted(result) &&
      target.kind === 'manifest' &&
      !(await registry.readManifest(repository, digest, signal))
        ? alreadyGone(target, result)
        : outcome;
    const verdict = recheckTarget(target, snapshot, gone);
    switch (verdict.verdict) {
      case 'absent':
        return alreadyGone(target, result);
      case 'tag_moved':
        // An untag that was cut short left the tag on its throw-away; the adapter knows its own and finishes it.
        if (interrupted(result) && target.kind === 'tag') break;
        return leftAlone({ outcome: 'tag_moved', code: 'tag_moved', message: verdict.message });
      case 'refused':
        return leftAlone({ outcome: 'refused', code: verdict.code, message: verdict.message });
      case 'dangling':
      case 'go': {
        const hold = holdOnAllOf(target, work.targets, snapshot, work.holds);
        if (hold) return leftAlone(heldBack(target, hold));
        break;
      }
    }
    if (verdict.verdict === 'dangling') {
      await claim.assertHeld();
      if (!(await work.holdsAreTheSame())) return null;
      signal.throwIfAborted();
      return untagDangling(registry, repository, target, digest, signal);
    }
    // What is remembered needs no GET where a tag that still points at it proves, below, that it is there.
    const remembered =
      target.kind === 'manifest' && target.tags.length > 0
        ? this.manifests.take(registry.name, repository, digest)
        : null;
    const manifest = remembered ?? (await registry.readManifest(repository, digest, signal));
    if (!manifest) {
      const dangles = target.kind === 'tag' && (await stillOn(registry, repository, target, digest, signal));
      return dangles ? dangling(target) : alreadyGone(target, result);
    }
    await writeTombstone(claim.db, row.id, result.position, manifest, target.tags);
    if (target.kind === 'manifest') {
      const { moved, isOnOne } = await lookAtTags(registry, repository, target, digest, signal);
      if (moved !== null) return leftAlone(movedAway(moved, digest));
      if (remembered && !isOnOne && !(await registry.readManifest(repository, digest, signal))) {
        return alreadyGone(target, result);
      }
    }
    await claim.assertHeld();
    if (verdict.verdict === 'go' && !(await work.holdsAreTheSame())) return null;
    signal.throwIfAborted();
    return target.kind === 'tag'
      ? untag(registry, repository, target, digest, signal)
      : deleteManifest(registry, repository, target, digest, signal);
  }
}

/** An earlier run wrote the tombstone and may have sent the delete, but never learned its end. */
const interrupted = (result: TargetRow): boolean => result.started_at !== null;

const done = (target: PlanTarget): TargetResult => ({
  outcome: target.kind === 'tag' ? 'untagged' : 'deleted',
  code: null,
  message: null,
  tags: target.tags,
});

/** Gone although nothing was recorded: by our own interrupted delete, or before we came. */
const alreadyGone = (target: PlanTarget, result: TargetRow): TargetResult =>
  interrupted(result)
    ? {
        ...done(target),
        message: 'was found gone: another target took it along, or this work did before it was interrupted',
      }
    : { outcome: 'already_absent', code: 'already_absent', message: `${target.reference} was already gone` };

const heldBack = ({ reference }: PlanTarget, hold: Hold): TargetResult => ({
  outcome: 'refused',
  code: 'held',
  message: `${reference}, or what would go with it, is ${heldBy(hold)}; it was left alone`,
});

/** Without what it points at, nothing could put the tag back. */
const dangling = ({ reference, digest }: PlanTarget): TargetResult => ({
  outcome: 'refused',
  code: 'dangling_tag',
  message: `Tag ${reference} points at ${digest}, which is gone meanwhile; it was left alone`,
});

const movedAway = (tag: Tag, digest: Digest): TargetResult => ({
  outcome: 'tag_moved',
  code: 'tag_moved',
  message: `Tag ${tag} no longer points at ${digest}; it was left alone`,
});

const stillThere = (tag: Tag, digest: Digest): TargetResult =>
  failed('verification_failed', `Tag ${tag} still resolves to ${digest} after it was removed`);

const tagWasGone = (tag: Tag): TargetResult => ({
  outcome: 'already_absent',
  code: 'already_absent',
  message: `Tag ${tag} was already gone`,
});

const failed = (code: ErrorCode, message: string): TargetResult => ({ outcome: 'failed', code, message });

/**
 * The first tag of the target that points elsewhere now, and whether any points at its digest; a tag that is gone takes
 * nothing along.
 */
const lookAtTags = async (
  registry: Registry,
  repository: RepositoryName,
  target: PlanTarget,
  digest: Digest,
  signal: AbortSignal,
): Promise<{ readonly moved: Tag | null; readonly isOnOne: boolean }> => {
  let isOnOne = false;
  for (const name of target.tags) {
    const tag = parseTag(name);
    const now = await registry.resolve(repository, tag, signal);
    if (now && now.digest !== digest) return { moved: tag, isOnOne };
    if (now) isOnOne = true;
  }
  return { moved: null, isOnOne };
};

/** A tag that resolves to its digest although that is gone: of a registry that does not look. */
const stillOn = async (
  registry: Registry,
  repository: RepositoryName,
  target: PlanTarget,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> =>
  (await registry.resolve(repository, parseTag(target.reference), signal))?.digest === digest;

const deleteManifest = async (
  registry: Registry,
  repository: RepositoryName,
  target: PlanTarget,
  digest: Digest,
  signal: AbortSignal,
): Promise<TargetResult> => {
  await registry.deleteManifest(repository, digest, signal);
  // The answer proves nothing: registries say 202 although a tag stayed (TRAPS 5).
  if (await registry.readManifest(repository, digest, signal)) {
    return failed(
      'verification_failed',
      `The registry still serves ${digest} after it accepted the deletion`,
    );
  }
  for (const name of target.tags) {
    // GET, which alone says that something is gone; a resolve would send HEAD before it.
    const now = await registry.readManifest(repository, parseTag(name), signal);
    if (now?.digest === digest) {
      return failed('verification_failed', `Tag ${name} still resolves to ${digest} after the deletion`);
    }
  }
  return done(target);
};

/** There is no manifest of which a tombstone could be made, and none that could be taken along. */
const untagDangling = async (
  registry: Registry,
  repository: RepositoryName,
  target: PlanTarget,
  digest: Digest,
  signal: AbortSignal,
): Promise<TargetResult> => {
  const tag = parseTag(target.reference);
  const outcome = await registry.untag(repository, tag, digest, signal);
  if (outcome === 'moved') return movedAway(tag, digest);
  if ((await registry.resolve(repository, tag, signal))?.digest === digest) return stillThere(tag, digest);
  return outcome === 'absent' ? tagWasGone(tag) : done(target);
};

const untag = async (
  registry: Registry,
  repository: RepositoryName,
  target: PlanTarget,
  digest: Digest,
  signal: AbortSignal,
): Promise<TargetResult> => {
  const tag = parseTag(target.reference);
  const outcome = await registry.untag(repository, tag, digest, signal);
  if (outcome === 'moved') return movedAway(tag, digest);
  if ((await registry.resolve(repository, tag, signal))?.digest === digest) return stillThere(tag, digest);
  if (!(await registry.resolve(repository, digest, signal))) {
    return failed(
      'verification_failed',
      `Removing tag ${tag} took its manifest ${digest} along; restore it from the tombstone`,
    );
  }
  return outcome === 'absent' ? tagWasGone(tag) : done(target);
};
