import { Inject, Injectable } from '@nestjs/common';
import type { Db } from '../database/database.js';
import { parseDigest } from '../oci/digest.js';
import {
  registryNameSchema,
  repositoryNameSchema,
  type RegistryName,
  type RepositoryName,
} from '../oci/names.js';
import { mayHoldUntagged } from '../planning/held.js';
import { GUARDRAILS, type Guardrails } from '../guardrails/guardrails.js';
import { holdOfDigest, holdsOn, type Hold } from '../guardrails/hold.js';
import { Registries } from '../registries/registries.js';
import { holdOf } from './hold-view.js';
import { HoldsStore } from './holds.store.js';

/** What a collection of untagged manifests must leave. */
export interface HeldUntagged {
  /** True where nothing can be held that no tag leads to: an engine that cannot be told may collect it all. */
  readonly isNone: boolean;
  /** Whether this manifest of the repository, and so all that it needs, is live although no tag leads to it. */
  readonly isHeld: (repository: string, digest: string) => boolean;
}

/** The holds that count now: those of sexton.yaml, and those made through the API. Asked again before each target. */
@Injectable()
export class HoldsInForce {
  constructor(
    private readonly store: HoldsStore,
    private readonly registries: Registries,
    @Inject(GUARDRAILS) private readonly guardrails: Guardrails,
  ) {}

  /** Those about one repository, in one order. `db` is the connection that holds the repository's claim, if any. */
  async on(registry: RegistryName, repository: RepositoryName, db?: Db): Promise<readonly Hold[]> {
    const all = await this.of(registry, db);
    const names = [repository, ...this.aliasesOf(registry, repository)];
    return all.filter((hold) => names.some((name) => holdsOn([hold], registry, name).length > 0));
  }

  /**
   * What a collection asks that takes untagged manifests (`untagged: collect`). What a tag leads to lives by itself, so
   * only held digests, and repositories that are held whole, add to that.
   */
  async heldUntagged(registry: RegistryName): Promise<HeldUntagged> {
    const holds = (await this.of(registry)).filter(mayHoldUntagged);
    return {
      isNone: holds.length === 0,
      isHeld: (repository, digest) => {
        const names = [repository, ...this.aliasesOf(registry, repository)];
        const here = names.flatMap((name) => holdsOn(holds, registry, name));
        return here.length > 0 && holdOfDigest(here, parseDigest(digest)) !== null;
      },
    };
  }

  private async of(registry: RegistryName, db?: Db): Promise<readonly Hold[]> {
    const made = await this.store.inForce(registry, new Date(), db);
    return [...this.guardrails.holds, ...made.map(holdOf)].filter((hold) => hold.registry === registry);
  }

  /** Shorter names under which the registry serves it too, so that a hold on one of them holds. */
  private aliasesOf(registry: string, repository: string): string[] {
    const name = registryNameSchema.safeParse(registry);
    const parts = repository.split('/');
    return parts.flatMap((_, index) => {
      const shorter = repositoryNameSchema.safeParse(parts.slice(index + 1).join('/'));
      if (!name.success || !shorter.success) return [];
      return this.registries.canonicalName(name.data, shorter.data) === repository ? [shorter.data] : [];
    });
  }
}
