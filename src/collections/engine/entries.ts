import { blobData, layerLink, revisionFolder, revisionLink } from '../../storage/layout.js';
import type { DeadBlob } from './dead-blobs.js';
import type { QuarantineEntry } from './journal.js';
import type { Marking, UntaggedRevision } from './mark.js';
import type { TagHistories } from './tag-histories.js';

/** Where a batch belongs: what every entry of it says. */
export interface BatchHead {
  readonly run: string;
  readonly batch: number;
  readonly atMs: number;
}

/** A dead blob with its layer links, and the empty folders of the manifest that it was. */
export const blobEntry = (
  head: BatchHead,
  item: number,
  { graph, names }: Marking,
  blob: DeadBlob,
): QuarantineEntry => {
  const digest = graph.digest(blob.index);
  const nameOf = (repository: number): string => names[repository] ?? '';
  return {
    ...head,
    item,
    digest,
    repository: null,
    because: blob.because,
    sizeBytes: blob.sizeBytes,
    files: [blobData(digest), ...blob.linkedIn.map((repository) => layerLink(nameOf(repository), digest))],
    emptyFolders: blob.revisedIn.map((repository) => revisionFolder(nameOf(repository), digest)),
  };
};

/** One repository's links to an untagged manifest: its revision, and where a tag's history names it. */
export const revisionEntry = async (
  head: BatchHead,
  item: number,
  { graph, names }: Marking,
  revision: UntaggedRevision,
  histories: TagHistories,
): Promise<QuarantineEntry> => {
  const digest = graph.digest(revision.digest);
  const repository = names[revision.repository] ?? '';
  return {
    ...head,
    item,
    digest,
    repository,
    because: 'untagged',
    sizeBytes: 0,
    files: [revisionLink(repository, digest), ...(await histories.linksTo(repository, digest))],
    emptyFolders: [],
  };
};
