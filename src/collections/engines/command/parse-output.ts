import type { Finding } from '../../engine/report.js';

/** What the registry's own collector said. */
export interface CollectorOutput {
  readonly repositories: number;
  readonly marked: number;
  readonly blobs: readonly string[];
  readonly manifests: number;
  readonly findings: readonly Finding[];
}

const COUNTS = /^(\d+) blobs marked, (\d+) blobs and (\d+) manifests eligible for deletion$/;
const BLOB = /^blob eligible for deletion: (\S+)$/;
/** 2.8 prints the digest alone, 3.x `{repository digest [tags]}`. */
const MANIFEST = /^manifest eligible for deletion: (?:\{(\S+) )?([a-z0-9]+:[0-9a-f]+)(?: \[.*\]\})?$/;
const MARKING = /^(\S+): marking manifest /;

/**
 * Reads the output of `garbage-collect`, of 2.8 and 3.x (FACTS §1.13; 2.8.2 as it was seen). Null where the line with
 * the counts is missing, or the blobs are not as many as it says: then it is not known what the run would do.
 */
export const parseOutput = (lines: readonly string[]): CollectorOutput | null => {
  const repositories = new Set<string>();
  const blobs: string[] = [];
  const findings: Finding[] = [];
  let counts: { marked: number; blobs: number; manifests: number } | null = null;
  for (const line of lines) {
    const counted = COUNTS.exec(line);
    const [, blob] = BLOB.exec(line) ?? [];
    const [, repository = '', manifest] = MANIFEST.exec(line) ?? [];
    const [, marking] = MARKING.exec(line) ?? [];
    if (counted) {
      counts = { marked: Number(counted[1]), blobs: Number(counted[2]), manifests: Number(counted[3]) };
    } else if (blob !== undefined) {
      blobs.push(blob);
      const because = 'eligible for deletion';
      findings.push({ kind: 'blob', digest: blob, sizeBytes: null, because, repositories: [] });
    } else if (manifest !== undefined) {
      findings.push({ kind: 'untagged', repository, digest: manifest });
    } else if (marking !== undefined) {
      repositories.add(marking);
    }
  }
  if (counts === null || counts.blobs !== blobs.length) return null;
  return {
    repositories: repositories.size,
    marked: counts.marked,
    blobs,
    manifests: counts.manifests,
    findings,
  };
};

/** The blobs that the output names, also where it was cut off. */
export const blobsIn = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => BLOB.exec(line)?.[1] ?? []);

/** The major version in the output of `registry --version`; null where there is none. */
export const majorVersion = (lines: readonly string[]): number | null => {
  const [, major] = /\sv?(\d+)\.\d+/.exec(lines.join('\n')) ?? [];
  return major === undefined ? null : Number(major);
};
