import type { Digest } from '../../oci/digest.js';
import type { Garbage } from './garbage.js';
import { GarbageLook } from './garbage-look.js';
import { survey, type CollectionTools } from './survey.js';
import type { Surveyor } from './surveyor.js';
import type { Finding, Summary } from './report.js';
import type { DescribedLook, Explanation } from './described-look.js';
import { explainBlob } from './explain-blob.js';

const LARGEST = 10;

const summaryOf = (garbage: Garbage): Summary => {
  const reasons = garbage.blobs.totals();
  const all = { count: 0, bytes: 0 };
  for (const { count, bytes } of reasons.values()) {
    all.count += count;
    all.bytes += bytes;
  }
  return {
    repositories: garbage.marking.names.length,
    manifests: garbage.marking.totals.reduce((total, { manifests }) => total + manifests, 0),
    garbage: all,
    reasons: Object.fromEntries(reasons),
    young: garbage.young,
    keptInDoubt: garbage.kept,
    blocked: garbage.blocked,
    faults: garbage.faults.length,
  };
};

/** Every candidate with its reason, what could not be read, and who holds most. Shared garbage is nobody's. */
function* findingsOf({ marking, blobs, faults }: Garbage): Generator<Finding> {
  const { graph, names } = marking;
  const own = new Float64Array(names.length);
  for (const { path, problem, repository, undecided } of faults) {
    yield { kind: 'fault', path, problem, repository, undecided };
  }
  for (const blob of blobs) {
    const holders = [...new Set([...blob.linkedIn, ...blob.revisedIn])];
    const [only] = holders;
    if (only !== undefined && holders.length === 1) own[only] = (own[only] ?? 0) + blob.sizeBytes;
    yield {
      kind: 'blob',
      digest: graph.digest(blob.index),
      sizeBytes: blob.sizeBytes,
      because: blob.because,
      repositories: holders.map((holder) => names[holder] ?? ''),
    };
  }
  for (const { repository, digest } of marking.untagged) {
    yield { kind: 'untagged', repository: names[repository] ?? '', digest: graph.digest(digest) };
  }
  const largest = marking.totals
    .map(({ repository, liveBytes }, i) => ({ repository, liveBytes, garbageBytes: own[i] ?? 0 }))
    .sort((a, b) => b.garbageBytes - a.garbageBytes || b.liveBytes - a.liveBytes)
    .slice(0, LARGEST);
  for (const each of largest) yield { kind: 'repository', ...each };
}

/** A look at the files of a Docker Registry 2.x or a Distribution 3.x. */
export class DescribedGarbage extends GarbageLook implements DescribedLook {
  summary(): Summary {
    return summaryOf(this.garbage);
  }

  findings(): Iterable<Finding> {
    return findingsOf(this.garbage);
  }

  explain(digest: Digest, maySee: (repository: string) => boolean): Promise<Explanation | null> {
    return explainBlob(this.tools.storage, this.garbage, digest, maySee);
  }
}

export const describedSurveyorWith = (tools: CollectionTools): Surveyor<DescribedGarbage> => ({
  storage: tools.storage,
  now: tools.now,
  moveOut: tools.moveOut,
  look: async (rules, hooks) => new DescribedGarbage(await survey(tools, rules, hooks), tools, rules),
});
