import { parseReference, registryNameSchema, repositoryNameSchema } from '../../oci/names.js';
import { CommandError } from '../exit-codes.js';

/** What several `REGISTRY/REPOSITORY[:TAG|@DIGEST]` name: one repository, and the tags and digests in it. */
export interface Images {
  readonly registry: string;
  readonly repository: string;
  /** Empty where only the repository was named. */
  readonly references: readonly string[];
}

const IMAGE = /^([^/]*)\/([^:@]*)(?::([^:@]*)|@(.*))?$/;

/**
 * Reads what the command line names; anything that could mean something else is refused before anything is sent. The
 * first component is the registry, as `sexton registries` lists it, and never a host.
 */
export const parseImages = (texts: readonly string[]): Images => {
  const images = texts.map(parseImage);
  const [first] = images;
  if (!first) throw new CommandError('Name what to delete: REGISTRY/REPOSITORY:TAG');
  const other = images.find(
    ({ registry, repository }) => registry !== first.registry || repository !== first.repository,
  );
  if (other) {
    const names = [first, other].map(({ registry, repository }) => `${registry}/${repository}`);
    throw new CommandError(
      `One deletion is of one repository; these are of ${names.join(' and ')}: ask twice`,
    );
  }
  const references = images.flatMap(({ reference }) => reference ?? []);
  if (references.length > 0 && references.length < images.length) {
    throw new CommandError(
      `${first.registry}/${first.repository} is named with and without a tag; say which is meant`,
    );
  }
  return { registry: first.registry, repository: first.repository, references: [...new Set(references)] };
};

/** `REGISTRY/REPOSITORY`, without a tag or digest. */
export const parseRepository = (text: string): Images => {
  const images = parseImages([text]);
  if (images.references.length > 0)
    throw new CommandError(`${JSON.stringify(text)}: name the repository alone`);
  return images;
};

const parseImage = (text: string): { registry: string; repository: string; reference: string | null } => {
  const [, registry, repository, tag, digest] = IMAGE.exec(text) ?? [];
  const shown = JSON.stringify(text);
  if (registry === undefined || !registryNameSchema.safeParse(registry).success) {
    throw new CommandError(
      `${shown} does not begin with a registry as \`sexton registries\` lists them: REGISTRY/REPOSITORY:TAG`,
    );
  }
  if (repository === undefined || !repositoryNameSchema.safeParse(repository).success) {
    throw new CommandError(`${shown} names no repository: REGISTRY/REPOSITORY:TAG`);
  }
  const named = tag ?? digest;
  if (named === undefined) return { registry, repository, reference: null };
  const kind = digest === undefined ? 'tag' : 'digest';
  if (parseReference(named)?.kind !== kind)
    throw new CommandError(`${shown}: ${JSON.stringify(named)} is not a ${kind}`);
  return { registry, repository, reference: named };
};
