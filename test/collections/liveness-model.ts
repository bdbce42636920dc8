import { BuiltWorld, namedBy, type RepositorySpec } from './world.js';

/**
 * What must live, worked out from the description of a world and not from its files: sets, and rules applied until
 * nothing changes. It shares no code with the engine.
 */
export const livingDigests = (
  built: BuiltWorld,
  untagged: 'keep' | 'collect',
  subjects: 'any' | 'pushed' = 'any',
): ReadonlySet<string> => {
  const living = new Set<string>();
  for (const repository of built.world.repositories) {
    const canBeSubject =
      subjects === 'any' ? () => true : (manifest: number) => everPushed(built, repository).has(manifest);
    for (const manifest of livingManifests(built, repository, untagged, canBeSubject)) {
      living.add(built.manifest(manifest));
      const spec = built.world.manifests[manifest];
      for (const blob of spec ? namedBy(spec).blobs : []) living.add(built.blob(blob));
    }
  }
  return living;
};

/** Manifests that a repository took at some time, with the children it needed for that. */
const everPushed = (built: BuiltWorld, repository: RepositorySpec): ReadonlySet<number> => {
  const pushed = new Set([...repository.pushed, ...repository.tags.map(({ manifest }) => manifest)]);
  for (const manifest of pushed) {
    const spec = built.world.manifests[manifest];
    if (spec?.kind === 'index' || spec?.kind === 'unknown')
      for (const child of spec.children) pushed.add(child);
  }
  return pushed;
};

/** Manifests that a repository needs, whether it links them or not. */
export const livingManifests = (
  built: BuiltWorld,
  repository: RepositorySpec,
  untagged: 'keep' | 'collect',
  canBeSubject: (manifest: number) => boolean = () => true,
): ReadonlySet<number> => {
  const linked = built.linked(repository);
  const living = new Set(built.tags(repository).values());
  if (untagged === 'keep') for (const manifest of linked) living.add(manifest);
  for (let before = -1; before !== living.size;) {
    before = living.size;
    for (const manifest of [...living]) {
      const spec = built.world.manifests[manifest];
      for (const named of spec ? namedBy(spec).manifests : []) {
        if (named !== spec?.subject || canBeSubject(named)) living.add(named);
      }
    }
    for (const manifest of linked) {
      const spec = built.world.manifests[manifest];
      const isOfUnknownUse = spec?.kind === 'unknown';
      const subject = spec && spec.kind !== 'schema1' ? spec.subject : null;
      if (isOfUnknownUse || (subject !== null && living.has(subject))) living.add(manifest);
    }
  }
  return living;
};
