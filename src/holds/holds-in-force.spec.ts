import { describe, expect, it } from 'vitest';
import { NO_LIMITS } from '../guardrails/limits.js';
import type { Hold } from '../guardrails/hold.js';
import { digestOf } from '../oci/digest.js';
import { parseRegistryName, parseRepositoryName, type RepositoryName } from '../oci/names.js';
import type { Registry } from '../registries/registry.js';
import { Registries } from '../registries/registries.js';
import type { HoldRow } from './hold-view.js';
import { HoldsInForce } from './holds-in-force.js';
import type { HoldsStore } from './holds.store.js';

const PROD = parseRegistryName('prod');
const APP = parseRepositoryName('library/app');
const DIGEST = digestOf(Buffer.from('an image'));

/** Holds of sexton.yaml, where the registry serves `app` as `library/app` too. */
const inForce = (holds: readonly Hold[], made: readonly HoldRow[] = []): HoldsInForce => {
  const registry = {
    name: PROD,
    canonicalName: (name: RepositoryName) =>
      name.includes('/') ? name : parseRepositoryName(`library/${name}`),
  } as Registry;
  const store = { inForce: async () => [...made] } as unknown as HoldsStore;
  return new HoldsInForce(store, new Registries([registry]), { holds, approvals: [], limits: NO_LIMITS });
};

const hold = (changes: Partial<Hold>): Hold => ({
  ...{ id: 'config_1', registry: 'prod', repository: 'app', tags: null, digest: null, reason: 'evidence' },
  ...changes,
});

describe('a hold on a shorter name of a repository', () => {
  it('holds under the name that it goes by', async () => {
    const held = hold({});
    expect(await inForce([held]).on(PROD, APP)).toEqual([held]);
    expect(await inForce([held]).on(PROD, parseRepositoryName('library/other'))).toEqual([]);
    expect(await inForce([held]).on(PROD, parseRepositoryName('team-a/app'))).toEqual([]);
  });

  it('holds what no tag leads to as well', async () => {
    for (const held of [hold({}), hold({ digest: DIGEST })]) {
      const { isNone, isHeld } = await inForce([held]).heldUntagged(PROD);
      expect([isNone, isHeld('library/app', DIGEST), isHeld('team-a/app', DIGEST)]).toEqual([
        false,
        true,
        false,
      ]);
    }
  });
});

it('one of another registry does not hold', async () => {
  expect(await inForce([hold({ registry: 'test', repository: '**' })]).on(PROD, APP)).toEqual([]);
});
