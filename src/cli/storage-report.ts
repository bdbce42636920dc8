import type { CollectResult } from '../collections/engine/collect.js';
import type { CollectionFault } from '../collections/engine/fault.js';
import type { DeadBlob, Garbage } from '../collections/engine/garbage.js';
import { bytes } from './output/bytes.js';

const LARGEST = 10;
const LINES_A_WRITE = 500;

const REASONS: Readonly<Record<DeadBlob['because'], string>> = {
  manifest_deleted: 'a manifest that was deleted',
  layer_unreferenced: 'a config or layer that no manifest refers to',
  unlinked: 'nothing links or refers to it',
  untagged: 'a manifest without a tag',
  deleted: 'deleted on request',
};

/** Writes `lines` in pieces, so that a long report is never held as one text. */
const print = async (lines: Iterable<string>): Promise<void> => {
  let piece = '';
  let held = 0;
  for (const line of lines) {
    piece += line;
    if (++held < LINES_A_WRITE) continue;
    await write(piece);
    piece = '';
    held = 0;
  }
  await write(piece);
};

const write = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });

interface Totals {
  readonly count: number;
  readonly bytes: number;
}

const sum = (blobs: readonly DeadBlob[]): Totals => ({
  count: blobs.length,
  bytes: blobs.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
});

/** Per repository, what it holds and what only it links of the garbage; a shared blob is counted for nobody. */
export const largestRepositories = ({
  marking,
  blobs,
}: Garbage): { repository: string; liveBytes: number; garbageBytes: number }[] => {
  const garbage = new Float64Array(marking.names.length);
  for (const { linkedIn, revisedIn, sizeBytes } of blobs) {
    const [only, ...others] = new Set([...linkedIn, ...revisedIn]);
    if (only !== undefined && others.length === 0) garbage[only] = (garbage[only] ?? 0) + sizeBytes;
  }
  return marking.totals
    .map(({ repository, liveBytes }, i) => ({ repository, liveBytes, garbageBytes: garbage[i] ?? 0 }))
    .sort((a, b) => b.garbageBytes - a.garbageBytes || b.liveBytes - a.liveBytes)
    .slice(0, LARGEST);
};

const candidate = ({ marking: { graph, names } }: Garbage, blob: DeadBlob) => ({
  digest: graph.digest(blob.index),
  sizeBytes: blob.sizeBytes,
  because: blob.because,
  repositories: [...new Set([...blob.linkedIn, ...blob.revisedIn])].map((repository) => names[repository]),
});

const untagged = ({ marking: { graph, names, untagged: revisions } }: Garbage) =>
  revisions.map(({ repository, digest }) => ({
    repository: names[repository],
    digest: graph.digest(digest),
  }));

const summary = (garbage: Garbage, swept: CollectResult | null) => ({
  repositories: garbage.marking.names.length,
  manifests: garbage.marking.totals.reduce((total, { manifests }) => total + manifests, 0),
  garbage: sum(garbage.blobs),
  young: garbage.young,
  keptInDoubt: garbage.kept,
  blocked: garbage.blocked,
  run: swept && {
    id: swept.run,
    quarantinedBlobs: swept.blobs,
    quarantinedBytes: swept.bytes,
    broughtBack: swept.broughtBack,
  },
});

function* json(garbage: Garbage, swept: CollectResult | null): Generator<string> {
  const head = {
    ...summary(garbage, swept),
    largestRepositories: largestRepositories(garbage),
    untagged: untagged(garbage),
    faults: garbage.faults,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"candidates":[`;
  for (const [i, blob] of garbage.blobs.entries()) {
    yield `${i === 0 ? '' : ','}\n${JSON.stringify(candidate(garbage, blob))}`;
  }
  yield ']}\n';
}

const faultLine = ({ path, problem, undecided }: CollectionFault): string => {
  const effect = {
    nothing: '',
    repository: ' [its repository is left alone]',
    everything: ' [nothing is taken]',
  };
  return `  ${path || '.'}: ${problem}${effect[undecided]}\n`;
};

function* text(garbage: Garbage, swept: CollectResult | null): Generator<string> {
  const { repositories, manifests, garbage: total, young, keptInDoubt, blocked } = summary(garbage, swept);
  for (const blob of garbage.blobs) {
    const { digest, sizeBytes, because, repositories: names } = candidate(garbage, blob);
    yield `${digest} ${sizeBytes} ${because}${names.length > 0 ? ` ${names.join(',')}` : ''}\n`;
  }
  for (const { repository, digest } of untagged(garbage)) yield `untagged ${repository}@${digest}\n`;
  yield `\n${repositories} repositories, ${manifests} manifests\n`;
  yield `${total.count} blobs, ${bytes(total.bytes)} (each counted once) ${swept ? 'were garbage' : 'would go'}\n`;
  for (const [because, says] of Object.entries(REASONS)) {
    const part = sum(garbage.blobs.filter((blob) => blob.because === because));
    if (part.count > 0) yield `  ${because}: ${part.count} blobs, ${bytes(part.bytes)}: ${says}\n`;
  }
  if (young.count > 0)
    yield `${young.count} blobs, ${bytes(young.bytes)} are younger than the grace period\n`;
  if (keptInDoubt.count > 0) {
    yield `${keptInDoubt.count} blobs, ${bytes(keptInDoubt.bytes)} stay because of what could not be read\n`;
  }
  const largest = largestRepositories(garbage);
  if (largest.length > 0) yield 'largest repositories (garbage that only they link; what they hold):\n';
  for (const each of largest) {
    yield `  ${each.repository}: ${bytes(each.garbageBytes)}; ${bytes(each.liveBytes)}\n`;
  }
  if (garbage.faults.length > 0) yield `${garbage.faults.length} faults:\n`;
  yield* garbage.faults.map(faultLine);
  if (blocked !== null) yield `nothing may go: ${blocked}\n`;
  if (swept) {
    yield `run ${swept.run}: ${swept.blobs} blobs, ${bytes(swept.bytes)} in quarantine, `;
    yield `${swept.broughtBack} brought back${swept.isFinished ? '' : ', not finished'}\n`;
  }
}

/** Prints what was found, and what was done about it. */
export const printGarbage = (garbage: Garbage, swept: CollectResult | null, asJson: boolean): Promise<void> =>
  print(asJson ? json(garbage, swept) : text(garbage, swept));
