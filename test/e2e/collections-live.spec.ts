import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { treeOf } from '../collections/temporary-tree.js';
import { collectAndWait, collectionOptions } from '../support/collections.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const GRACE_MS = 60_000;
const ROUNDS = 4;
const COMES_BACK = ['a', 'b', 'c', 'd'];
const REPOSITORY = 'team-a/app';

let home: string;
let registry: RegistryServer;
let gateway: TestGateway;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'collections-live-'));
  registry = await startRegistry();
  const engine = { kind: 'sexton', storage: registry.storageDir, threads: 0 } as const;
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    collections: [collectionOptions(engine, { batchSize: 1, graceMs: GRACE_MS, healEveryMs: 100 })],
  });
});

afterEach(async () => {
  await gateway?.stop();
  await registry?.stop();
  rmSync(home, { recursive: true, force: true });
});

const image = (tag: string): string => `docker://${new URL(registry.url).host}/${REPOSITORY}:${tag}`;

/** Rejects, with what skopeo says, where a push or a pull does not work. */
const skopeo = (from: string, into: string): Promise<unknown> =>
  promisify(execFile)('skopeo', [
    'copy',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    '--preserve-digests',
    from,
    into,
  ]);

const saved = (tag: string): string => join(home, tag);

/** As if everything that is there had been pushed long ago. */
const age = (): void => {
  const long = Date.now() / 1000 - 86_400;
  for (const entry of readdirSync(registry.storageDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.includes('/.sexton/')) utimesSync(path, long, long);
  }
};

it('pushes and pulls go on all through collections of a live registry, and what was pushed pulls whole (TRAPS 19, 20)', async () => {
  const to = { registryUrl: registry.url, repository: REPOSITORY };
  for (const tag of ['stays', ...COMES_BACK]) {
    await pushImage(to, { tags: [tag], content: tag, sharedLayer: 'base', layers: [`${tag} more`] });
    await skopeo(image(tag), `dir:${saved(tag)}`);
  }
  let taken = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const tag of COMES_BACK) {
      const target = { registry: 'prod', repository: REPOSITORY, references: [tag] };
      expect(await deleteAndWait(gateway.api(), target)).toMatchObject({ state: 'succeeded' });
    }
    age();
    const collecting = collectAndWait(gateway.api());
    // The same images again, while their layers go: the registry says of each that it is there already.
    await Promise.all(COMES_BACK.map((tag) => skopeo(`dir:${saved(tag)}`, image(tag))));
    await skopeo(image('stays'), `dir:${join(home, `stays-${round}`)}`);
    await pushImage(to, { tags: [`new-${round}`], content: `new ${round}`, sharedLayer: 'base' });
    const collected = await collecting;
    expect(collected).toMatchObject({ state: 'succeeded', problem: null });
    taken += collected.quarantined.count;
    // A manifest that the registry did not store, because its cache has it still, is there once the healer came by;
    // until then its tag dangles, and cannot be deleted.
    for (const tag of ['stays', ...COMES_BACK]) {
      const again = join(home, `${tag}-again`);
      await vi.waitFor(() => skopeo(image(tag), `dir:${again}`), { timeout: 30_000, interval: 100 });
      expect(treeOf(again)).toEqual(treeOf(saved(tag)));
    }
  }
  // Without it, nothing was shown.
  expect(taken).toBeGreaterThan(0);
  for (let round = 0; round < ROUNDS; round++)
    await skopeo(image(`new-${round}`), `dir:${home}/new-${round}`);
});
