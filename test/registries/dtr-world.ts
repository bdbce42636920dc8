import { parseRepositoryName, type RepositoryName } from '../../src/oci/names.js';
import { createRegistry } from '../../src/registries/create-registry.js';
import type { Registry } from '../../src/registries/registry.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import type { PushTo } from '../../tools/blobs.js';
import { startDtrServer, type DtrServer, type DtrServerOptions } from '../../tools/fakes/dtr-server.js';
import { optionsFor } from './adapter.js';

export const SEXTON = { username: 'sexton', password: 'planted-password-55aa' };

/** A contract server on which Sexton's account may write everywhere, unless `accounts` says otherwise. */
export const startDtr = (options: DtrServerOptions = {}): Promise<DtrServer> =>
  startDtrServer({ accounts: [SEXTON], ...options });

export const openDtr = (url: string, options: Partial<RegistryOptions> = {}): Registry =>
  createRegistry(optionsFor(url, { type: 'dtr', credentials: SEXTON, ...options }));

let count = 0;

/** A new repository; where to push into it, past Sexton. */
export const addRepository = (
  server: DtrServer,
  name = `team-a/app${(count += 1)}`,
): { readonly repository: RepositoryName; readonly to: PushTo } => ({
  repository: parseRepositoryName(name),
  to: server.addRepository(name),
});
