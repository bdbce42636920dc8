import { afterEach, beforeEach, expect } from 'vitest';
import { SextonError } from '../../src/errors/sexton-error.js';
import { parseDigest, type Digest } from '../../src/oci/digest.js';
import { parseRepositoryName, parseTag } from '../../src/oci/names.js';
import { createRegistry } from '../../src/registries/create-registry.js';
import type { Registry } from '../../src/registries/registry.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { startV1Server, type V1Server, type V1ServerOptions } from '../../tools/fakes/v1-server.js';
import { registryOptions } from '../support/gateway.js';

export const APP = parseRepositoryName('team-a/app');
export const never = new AbortController().signal;
export const tag = parseTag;
export const v1 = (id: string): Digest => parseDigest(`v1id:${id}`);

/** A contract server with an adapter on it, new for each test; what the real registry would refuse fails the test. */
export let server: V1Server;
export let registry: Registry;

/** Starts them anew, with other settings. */
export const open = async (
  serverOptions: V1ServerOptions = {},
  options: Partial<RegistryOptions> = {},
): Promise<void> => {
  await registry?.close();
  await server?.stop();
  server = await startV1Server({ search: true, ...serverOptions });
  registry = createRegistry(
    registryOptions('old', server.url, { type: 'v1', requestTimeoutMs: 300, attempts: 2, ...options }),
  );
};

export const useV1World = (): void => {
  beforeEach(() => open());
  afterEach(async () => {
    expect(server.violations).toEqual([]);
    await registry.close();
    await server.stop();
  });
};

export const resolve = async (name: string, repository = APP) =>
  (await registry.resolve(repository, tag(name), never))?.digest ?? null;

export const untag = (name: string, image: string, repository = APP) =>
  registry.untag(repository, tag(name), v1(image), never);

/** The error of a call that must not succeed. */
export const errorOf = async (call: Promise<unknown>): Promise<SextonError> => {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof SextonError) return outcome.error;
  throw new Error(`no error of ours: ${JSON.stringify(outcome)}`);
};

export const codeOf = async (call: Promise<unknown>) => (await errorOf(call)).code;
