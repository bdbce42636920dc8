import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { SextonError } from '../../src/errors/sexton-error.js';
import { digestOf, parseDigest, type Digest } from '../../src/oci/digest.js';
import { parseRepositoryName, parseTag } from '../../src/oci/names.js';
import { createRegistry } from '../../src/registries/create-registry.js';
import type { Registry } from '../../src/registries/registry.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { basic, startHarborServer, type HarborServer } from '../../tools/fakes/harbor-server.js';
import { pushImage } from '../../tools/images.js';
import { registryOptions } from '../support/registry-options.js';

export const PASSWORD = 'planted-password-5c1e';
export const ADMIN = { username: 'admin', password: 'admin-password-77', isAdmin: true };
export const ROBOT = {
  username: 'robot$sexton',
  password: PASSWORD,
  rights: { team: ['pull', 'push', 'delete'], readable: ['pull'] },
} as const;
export const signal = AbortSignal.timeout(60_000);
export const ABSENT = digestOf(Buffer.from('nobody pushed this'));

export let harbor: HarborServer;
export let registry: Registry;
let count = 0;
export let repository = parseRepositoryName('team/app');
export const errors: SextonError[] = [];

export const open = (changes: Partial<RegistryOptions> = {}): Registry =>
  createRegistry(
    registryOptions('prod', harbor.url, {
      type: 'harbor',
      credentials: { username: ROBOT.username, password: PASSWORD },
      requestTimeoutMs: 500,
      attempts: 1,
      ...changes,
    }),
  );

export const at = (name: string = repository) => ({
  registryUrl: harbor.url,
  repository: name,
  authorization: basic(ADMIN),
});

export const push = async (options: Parameters<typeof pushImage>[1]): Promise<Digest> =>
  parseDigest((await pushImage(at(), options)).digest);

/** The SextonError that a call ends with, kept for the search for secrets. */
export const errorOf = async (call: Promise<unknown>): Promise<SextonError> => {
  const thrown = await call.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof SextonError)) throw thrown as Error;
  errors.push(thrown);
  return thrown;
};

/** Whether anything that the error could show anyone holds the password, plain or as it is sent. */
export const tellsSecret = (error: SextonError): boolean => {
  const told = [error.message, error.hint, error.stack, JSON.stringify(error.faults)].join();
  return told.includes(PASSWORD) || told.includes(basic(ROBOT).slice('Basic '.length));
};

export const v1 = parseTag('v1');
export const stable = parseTag('stable');
export const missing = parseTag('missing');

/** A Harbor for the tests of one file, a repository for each, and after each: nothing that the real one would refuse. */
export const useHarbor = (): void => {
  beforeAll(async () => {
    harbor = await startHarborServer({ accounts: [ADMIN, ROBOT] });
    harbor.store.addProject('team', false);
    harbor.store.addProject('readable', false);
    harbor.store.addProject('secret', false);
    registry = open();
  });

  beforeEach(() => {
    harbor.interfere(() => null);
    harbor.setReadOnly(false);
    for (const project of harbor.store.projects.values()) {
      project.immutable = null;
      project.blocksPulls = false;
    }
    // Two levels below the project: its slashes must arrive doubly encoded.
    repository = parseRepositoryName(`team/group/app${(count += 1)}`);
  });

  afterEach(() => {
    expect(harbor.violations).toEqual([]);
    expect(errors.filter(tellsSecret)).toEqual([]);
  });

  afterAll(async () => {
    await registry?.close();
    await harbor?.stop();
  });
};
