import { z } from 'zod';
import type { AuditEvent } from '../audit/audit-event.js';
import { globMatcher } from '../glob/glob.js';
import { repositoryGlobSchema } from '../glob/glob.schema.js';

const REGISTRIES = /^[a-z0-9*-]{1,63}$/;
const EVERYTHING = '**';

const split = (place: string): readonly [registry: string, repository: string] => {
  const slash = place.indexOf('/');
  return [place.slice(0, slash), place.slice(slash + 1)];
};

/** `<registry glob>/<repository glob>`, as in a scope: `prod/team-a/**`. */
export const placeSchema = z
  .string()
  .max(300)
  .refine(
    (place) => {
      const [registry, repository] = split(place);
      return (
        place.includes('/') &&
        REGISTRIES.test(registry) &&
        !registry.includes('**') &&
        repositoryGlobSchema.safeParse(repository).success
      );
    },
    { error: 'must be <registry>/<repository>, with * and ** as wildcards, such as prod/team-a/**' },
  );

type Where = Pick<AuditEvent, 'registry' | 'repository'>;

/**
 * Whether what happened there is covered. What concerns a registry as a whole is only told to whoever is told of all its
 * repositories (`prod/**`), and what concerns every registry only to `*` + `/**`: a scope is never widened in doubt.
 */
export const covers = (places: readonly string[], { registry, repository }: Where): boolean =>
  places.some((place) => {
    const [registries, repositories] = split(place);
    const isRegistry = registry === null ? registries === '*' : globMatcher(registries)(registry);
    if (!isRegistry) return false;
    return repository === null ? repositories === EVERYTHING : globMatcher(repositories)(repository);
  });
