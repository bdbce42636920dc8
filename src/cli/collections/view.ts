import type { components } from '../../public-api/openapi.js';
import type { Collection } from '../client/client.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { bytes } from '../output/bytes.js';

type Finding = components['schemas']['CollectionFinding'];

/** One collection for people: how far, what it found and took, and what could not be read. */
export const collectionLines = (collection: Collection): string[] => {
  const { id, registry, engine, mode, state, reason, ticket, requestedBy, createdAt, opensAt } = collection;
  const { problem, summary, quarantined, restored, purged } = collection;
  return [
    `${id}  ${registry}  ${mode} (${engine})  ${state}`,
    `  ${reason}${ticket === null ? '' : ` (${ticket})`}; ${requestedBy.name}, ${createdAt}`,
    ...(opensAt === null ? [] : [`  its window opens at ${opensAt}`]),
    ...(problem ? [`  ${problem.code}: ${problem.message}`] : []),
    ...(summary ? summaryLines(summary) : []),
    ...counted('taken into quarantine', quarantined),
    ...counted('brought back', restored),
    ...counted('deleted for good', purged),
  ];
};

const counted = (what: string, { count, bytes: size }: Collection['quarantined']): string[] =>
  count > 0 ? [`  ${count} blobs, ${bytes(size)} ${what}`] : [];

const summaryLines = ({
  garbage,
  young,
  keptInDoubt,
  blocked,
  faults,
}: NonNullable<Collection['summary']>): string[] => [
  ...(garbage.count === null ? [] : [`  garbage: ${garbage.count} blobs, ${bytes(garbage.bytes ?? 0)}`]),
  ...(young && young.count > 0
    ? [`  left alone, too young: ${young.count} blobs, ${bytes(young.bytes)}`]
    : []),
  ...(keptInDoubt && keptInDoubt.count > 0
    ? [`  left alone, in doubt: ${keptInDoubt.count} blobs, ${bytes(keptInDoubt.bytes)}`]
    : []),
  ...(blocked === null ? [] : [`  nothing may go: ${blocked}`]),
  ...(faults > 0 ? [`  ${faults} faults; sexton collect report names them`] : []),
];

/** One line of a report. */
export const findingLine = (finding: Finding): string => {
  switch (finding.kind) {
    case 'blob': {
      const { digest, sizeBytes, because, repositories } = finding;
      const where = repositories.length > 0 ? ` ${repositories.join(',')}` : '';
      return `${digest} ${sizeBytes ?? '-'} ${because}${where}`;
    }
    case 'untagged':
      return `untagged ${finding.repository ?? '-'}@${finding.digest}`;
    case 'repository':
      return `repository ${finding.repository ?? '-'}: ${bytes(finding.garbageBytes)} garbage, ${bytes(finding.liveBytes)} live`;
    case 'fault':
      return `fault ${finding.path || '.'}: ${finding.problem} [${finding.undecided}]`;
    case 'log':
      return finding.line;
  }
};

/** The exit status that the end of a collection is. */
export const exitOfCollection = ({ state, summary }: Collection): ExitCode => {
  switch (state) {
    case 'succeeded':
      return summary && (summary.blocked !== null || (summary.keptInDoubt?.count ?? 0) > 0)
        ? EXIT.incomplete
        : EXIT.done;
    case 'undone':
    case 'waiting':
    case 'running':
    case 'paused':
      return EXIT.done;
    case 'failed':
      return EXIT.failed;
    case 'cancelled':
      return EXIT.withdrawn;
  }
};
