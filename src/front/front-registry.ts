import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { FrontConfig } from '../config/config.js';
import type { Caller } from '../identity/caller.js';
import { mayAct } from '../identity/scope.js';
import {
  registryNameSchema,
  repositoryNameSchema,
  type RegistryName,
  type RepositoryName,
} from '../oci/names.js';
import { Registries } from '../registries/registries.js';
import { FrontError } from './front-error.js';

/** Nest token of the front's configuration. */
export const FRONT_CONFIG = Symbol('FRONT_CONFIG');

/** What a name at the front means. */
export interface Meant {
  readonly registry: RegistryName;
  readonly repository: RepositoryName;
}

/** Which registry a request means: by its host, by the first component of the name, or the default one. */
@Injectable()
export class FrontRegistry {
  constructor(
    @Inject(FRONT_CONFIG) private readonly config: FrontConfig,
    private readonly registries: Registries,
  ) {}

  /** The registry whose repositories have no prefix in this request; null when every name must begin with one. */
  ofHost(request: Request): RegistryName | null {
    const host = (request.headers.host ?? '').toLowerCase();
    return this.config.hosts.get(host) ?? this.config.hosts.get(host.replace(/:\d+$/, '')) ?? null;
  }

  ofRequest(request: Request): RegistryName | null {
    return this.ofHost(request) ?? this.config.defaultRegistry;
  }

  /**
   * The registry and repository that `name` means to the caller. A name that is a registry and a repository in it, and
   * as well a repository of the default registry, is refused: nobody can say which one was meant.
   */
  async meant(caller: Caller, request: Request, name: string, signal: AbortSignal): Promise<Meant> {
    const byHost = this.ofHost(request);
    if (byHost !== null) return this.visible(caller, byHost, name);
    const [first = '', ...rest] = name.split('/');
    const prefix = registryNameSchema.safeParse(first);
    const isPrefixed = prefix.success && this.registries.has(prefix.data) && rest.length > 0;
    const { defaultRegistry } = this.config;
    if (isPrefixed) {
      if (defaultRegistry !== null && (await this.hasTags(defaultRegistry, name, signal))) {
        throw new FrontError(
          400,
          'NAME_INVALID',
          `${name} is a repository of ${defaultRegistry}, and ${rest.join('/')} one of ${prefix.data}: use a host of front.hosts to say which is meant`,
        );
      }
      return this.visible(caller, prefix.data, rest.join('/'));
    }
    if (defaultRegistry !== null) return this.visible(caller, defaultRegistry, name);
    throw unknown(name);
  }

  private visible(caller: Caller, registry: RegistryName, text: string): Meant {
    const repository = this.registries.canonicalName(registry, repositoryNameSchema.parse(text));
    if (!mayAct(caller, 'read', registry, repository)) throw unknown(text);
    return { registry, repository };
  }

  private async hasTags(registry: RegistryName, name: string, signal: AbortSignal): Promise<boolean> {
    const repository = this.registries.canonicalName(registry, repositoryNameSchema.parse(name));
    return (await this.registries.get(registry).listTags(repository, signal)).length > 0;
  }
}

const unknown = (name: string): FrontError =>
  new FrontError(404, 'NAME_UNKNOWN', `There is no repository ${name} that you may see`);
