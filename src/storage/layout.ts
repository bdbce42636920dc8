/**
 * Where a registry keeps what, below the directory that its `rootdirectory` names. The layout of Docker Registry 2.x
 * and CNCF Distribution 3.x (distribution v2:registry/storage/paths.go; FACTS §1.12):
 *
 *   docker/registry/v2/
 *   ├── blobs/<alg>/<first 2 hex>/<hex>/data                     the bytes: manifests, configs, layers alike
 *   └── repositories/<name, which may nest>/
 *       ├── _layers/<alg>/<hex>/link                             this repository may serve that config or layer
 *       ├── _manifests/
 *       │   ├── revisions/<alg>/<hex>/link                       this repository has that manifest; a folder without
 *       │   │   │                                                `link` is a manifest that was deleted
 *       │   │   └── signatures/<alg>/<hex>/link                  schema1 signatures, registry 2.3 and older
 *       │   └── tags/<tag>/
 *       │       ├── current/link                                 what the tag points at
 *       │       └── index/<alg>/<hex>/link                       everything it ever pointed at
 *       └── _uploads/<uuid>/…                                    pushes under way; never touched
 *
 * A `link` holds a digest, `<alg>:<hex>`, without a newline. Names that begin with `_` are the registry's own.
 *
 * Beside it, out of the registry's sight, Sexton keeps what it took away and the record of it:
 *
 *   .sexton/
 *   ├── journal.ndjson
 *   ├── quarantine/<run>/<batch>/<item>-<alg>-<hex>.<n>
 *   ├── untagging/<name>/@<tag>@<alg>-<hex>/…                      a tag's folder on its way out
 *   └── writing/<uuid>                                            a file that is not whole yet
 */
export const ROOT = 'docker/registry/v2';

export const BLOBS = `${ROOT}/blobs`;
export const REPOSITORIES = `${ROOT}/repositories`;
export const OWN = '.sexton';
export const JOURNAL = `${OWN}/journal.ndjson`;
export const QUARANTINE = `${OWN}/quarantine`;

/** The algorithms of registered digests; what lies below any other name is left alone. */
export const ALGORITHMS = ['sha256', 'sha512'] as const;

const split = (digest: string): readonly [algorithm: string, hex: string] => {
  const colon = digest.indexOf(':');
  return [digest.slice(0, colon), digest.slice(colon + 1)];
};

const algorithmAndHex = (digest: string): string => split(digest).join('/');

export const blobAlgorithm = (algorithm: string): string => `${BLOBS}/${algorithm}`;
export const blobShard = (algorithm: string, shard: string): string => `${BLOBS}/${algorithm}/${shard}`;

export const blobFolder = (digest: string): string => {
  const [algorithm, hex] = split(digest);
  return `${BLOBS}/${algorithm}/${hex.slice(0, 2)}/${hex}`;
};

export const blobData = (digest: string): string => `${blobFolder(digest)}/data`;

export const repositoryFolder = (repository: string): string =>
  repository === '' ? REPOSITORIES : `${REPOSITORIES}/${repository}`;

export const layers = (repository: string): string => `${repositoryFolder(repository)}/_layers`;
export const layerFolder = (repository: string, digest: string): string =>
  `${layers(repository)}/${algorithmAndHex(digest)}`;
export const layerLink = (repository: string, digest: string): string =>
  `${layerFolder(repository, digest)}/link`;

export const manifests = (repository: string): string => `${repositoryFolder(repository)}/_manifests`;
export const revisions = (repository: string): string => `${manifests(repository)}/revisions`;
export const revisionFolder = (repository: string, digest: string): string =>
  `${revisions(repository)}/${algorithmAndHex(digest)}`;
export const revisionLink = (repository: string, digest: string): string =>
  `${revisionFolder(repository, digest)}/link`;
export const revisionSignatures = (repository: string, digest: string): string =>
  `${revisionFolder(repository, digest)}/signatures`;

export const tags = (repository: string): string => `${manifests(repository)}/tags`;
export const tagFolder = (repository: string, tag: string): string => `${tags(repository)}/${tag}`;
export const tagLink = (repository: string, tag: string): string =>
  `${tagFolder(repository, tag)}/current/link`;
export const tagHistory = (repository: string, tag: string): string => `${tagFolder(repository, tag)}/index`;
export const tagHistoryLink = (repository: string, tag: string, digest: string): string =>
  `${tagHistory(repository, tag)}/${algorithmAndHex(digest)}/link`;

export const quarantineRun = (run: string): string => `${QUARANTINE}/${run}`;
export const quarantineBatch = (run: string, batch: number): string => `${quarantineRun(run)}/${batch}`;

/** Where the nth file of an item waits. */
export const quarantined = (run: string, batch: number, item: number, digest: string, n: number): string =>
  `${quarantineBatch(run, batch)}/${item}-${digest.replace(':', '-')}.${n}`;

/** Where tags of a repository wait that are being removed; '@' is in no repository's name. */
export const untagging = (repository: string): string => `${OWN}/untagging/${repository}`;
export const untaggingFolder = (repository: string, tag: string, digest: string): string =>
  `${untagging(repository)}/@${tag}@${digest.replace(':', '-')}`;
