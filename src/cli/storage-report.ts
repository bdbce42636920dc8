import type { CollectResult } from '../collections/engine/collect.js';
import type { Reason } from '../collections/engine/dead-blobs.js';
import type { Finding } from '../collections/engine/report.js';
import type { DescribedLook } from '../collections/engine/described-look.js';
import { bytes } from './output/bytes.js';

const LINES_A_WRITE = 500;

const REASONS: Readonly<Record<Reason, string>> = {
  manifest_deleted: 'a manifest that was deleted',
  layer_unreferenced: 'a config or layer that no manifest refers to',
  unlinked: 'nothing links or refers to it',
  untagged: 'a manifest without a tag',
  deleted: 'deleted on request',
  image_unreferenced: 'an image that no tag leads to',
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

type Swept = CollectResult<DescribedLook>;

/** The findings of one kind. */
function* only<K extends Finding['kind']>(look: DescribedLook, kind: K): Generator<Finding & { kind: K }> {
  const isOf = (finding: Finding): finding is Finding & { kind: K } => finding.kind === kind;
  for (const finding of look.findings()) if (isOf(finding)) yield finding;
}

const withoutKind = <F extends Finding>({ kind: _, ...said }: F): Omit<F, 'kind'> => said;

function* json(look: DescribedLook, swept: Swept | null): Generator<string> {
  const { repositories, manifests, garbage, young, keptInDoubt, blocked } = look.summary();
  const head = {
    repositories,
    manifests,
    garbage,
    young,
    keptInDoubt,
    blocked,
    run: swept && {
      id: swept.run,
      quarantinedBlobs: swept.blobs,
      quarantinedBytes: swept.bytes,
      broughtBack: swept.broughtBack,
    },
    largestRepositories: [...only(look, 'repository')].map(withoutKind),
    untagged: [...only(look, 'untagged')].map(withoutKind),
    faults: look.faults,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"candidates":[`;
  let isFirst = true;
  for (const candidate of only(look, 'blob')) {
    yield `${isFirst ? '' : ','}\n${JSON.stringify(withoutKind(candidate))}`;
    isFirst = false;
  }
  yield ']}\n';
}

const EFFECTS = {
  nothing: '',
  repository: ' [its repository is left alone]',
  everything: ' [nothing is taken]',
};

function* text(look: DescribedLook, swept: Swept | null): Generator<string> {
  const { repositories, manifests, garbage, reasons, young, keptInDoubt, blocked } = look.summary();
  const largest: (Finding & { kind: 'repository' })[] = [];
  // In one go: making the findings of a large store takes as long as printing them.
  for (const finding of look.findings()) {
    if (finding.kind === 'blob') {
      const { digest, sizeBytes, because, repositories: names } = finding;
      yield `${digest} ${sizeBytes} ${because}${names.length > 0 ? ` ${names.join(',')}` : ''}\n`;
    } else if (finding.kind === 'untagged') yield `untagged ${finding.repository}@${finding.digest}\n`;
    else if (finding.kind === 'repository') largest.push(finding);
  }
  yield `\n${repositories} repositories, ${manifests} manifests\n`;
  yield `${garbage.count} blobs, ${bytes(garbage.bytes ?? 0)} (each counted once) ${swept ? 'were garbage' : 'would go'}\n`;
  for (const [because, says] of Object.entries(REASONS)) {
    const part = reasons[because];
    if (part) yield `  ${because}: ${part.count} blobs, ${bytes(part.bytes)}: ${says}\n`;
  }
  if (young && young.count > 0)
    yield `${young.count} blobs, ${bytes(young.bytes)} are younger than the grace period\n`;
  if (keptInDoubt && keptInDoubt.count > 0) {
    yield `${keptInDoubt.count} blobs, ${bytes(keptInDoubt.bytes)} stay because of what could not be read\n`;
  }
  if (largest.length > 0) yield 'largest repositories (garbage that only they link; what they hold):\n';
  for (const each of largest) {
    yield `  ${each.repository}: ${bytes(each.garbageBytes)}; ${bytes(each.liveBytes)}\n`;
  }
  if (look.faults.length > 0) yield `${look.faults.length} faults:\n`;
  for (const { path, problem, undecided } of look.faults) {
    yield `  ${path || '.'}: ${problem}${EFFECTS[undecided]}\n`;
  }
  if (blocked !== null) yield `nothing may go: ${blocked}\n`;
  if (swept) {
    yield `run ${swept.run}: ${swept.blobs} blobs, ${bytes(swept.bytes)} in quarantine, `;
    yield `${swept.broughtBack} brought back${swept.isFinished ? '' : ', not finished'}\n`;
  }
}

/** Prints what was found, and what was done about it. */
export const printLook = (look: DescribedLook, swept: Swept | null, asJson: boolean): Promise<void> =>
  print(asJson ? json(look, swept) : text(look, swept));
