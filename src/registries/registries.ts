import { SextonError } from '../errors/sexton-error.js';
import type { RegistryName, RepositoryName } from '../oci/names.js';
import type { Registry } from './registry.js';

/** The configured registries, by name. */
export class Registries {
  private readonly byName: ReadonlyMap<RegistryName, Registry>;

  constructor(registries: readonly Registry[]) {
    this.byName = new Map(registries.map((registry) => [registry.name, registry]));
  }

  /** Names in order. */
  names(): RegistryName[] {
    return [...this.byName.keys()].sort();
  }

  has(name: RegistryName): boolean {
    return this.byName.has(name);
  }

  /** Throws `unknown_registry`. */
  get(name: RegistryName): Registry {
    const registry = this.byName.get(name);
    if (!registry) {
      throw new SextonError('unknown_registry', { detail: `There is no registry named ${name}` });
    }
    return registry;
  }

  /** The one name of a repository, so that no second name escapes a scope, a hold or the claim on it. */
  canonicalName(name: RegistryName, repository: RepositoryName): RepositoryName {
    return this.byName.get(name)?.canonicalName?.(repository) ?? repository;
  }

  async close(): Promise<void> {
    await Promise.all([...this.byName.values()].map((registry) => registry.close()));
  }
}
