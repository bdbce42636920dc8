import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { blobData, revisionLink, tagLink } from '../../src/storage/layout.js';
import { headManifest, pushImage, pushIndex, type PushedManifest } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { treeOf } from '../collections/temporary-tree.js';
import { collectAndWait, collectionOptions, NIGHT } from '../support/collections.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const REPOSITORY = 'team/app';

/** A registry with the packaged configuration: it deletes nothing. */
let registry: RegistryServer;
let gateway: TestGateway;
let home: string;
const to = () => ({ registryUrl: registry.url, repository: REPOSITORY });

const open = async ({ online = false, url = registry.url, collects = false } = {}): Promise<void> => {
  const directory = registry.storageDir;
  const engine = { kind: 'sexton', storage: directory, threads: 0 } as const;
  gateway = await startTestGateway({
    registries: [registryOptions('prod', url, { type: 'storage', storage: { directory, online } })],
    ...(collects && { collections: [collectionOptions(engine)], now: () => NIGHT }),
  });
};

const run = (changes: Record<string, unknown>): Promise<DeletionView> =>
  deleteAndWait(gateway.api(), { registry: 'prod', repository: REPOSITORY, ...changes });

const restore = (id: string) =>
  gateway.api().post(`/v1/deletions/${id}/restore`).send({ reason: 'the wrong image' });

/** Without what a refused probe began and gave up again. */
const files = (): string[] =>
  treeOf(registry.storageDir, { without: ['.sexton'] }).filter((line) => !line.includes('/sexton/'));

/** What a real client copies, whole. */
const pulled = (tag: string): string[] => {
  const folder = mkdtempSync(join(home, 'pulled-'));
  const source = `docker://${new URL(registry.url).host}/${REPOSITORY}:${tag}`;
  const copy = spawnSync('skopeo', ['copy', '--all', '--src-tls-verify=false', source, `dir:${folder}`], {
    encoding: 'utf8',
  });
  if (copy.status !== 0) throw new Error(copy.stderr);
  return treeOf(folder);
};

const statusOf = async (reference: string): Promise<number> => (await headManifest(to(), reference)).status;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'storage-'));
  registry = await startRegistry({ deleteEnabled: false });
});

afterEach(async () => {
  await gateway?.stop();
  await registry?.stop();
  rmSync(home, { recursive: true, force: true });
});

describe('a registry of type storage', () => {
  it('that takes pushes is left alone, with the code and what to do', async () => {
    await pushImage(to(), { tags: ['v1'] });
    await open();
    const before = files();
    const deletion = await run({ references: ['v1'] });
    expect(deletion).toMatchObject({ state: 'failed', problem: { code: 'registry_online' } });
    const list = await gateway.api().get('/v1/registries').expect(200);
    const { items } = list.body as { items: { problem: { code: string; message: string } }[] };
    expect(items[0]?.problem.code).toBe('registry_online');
    expect(items[0]?.problem.message).toContain('storage.online: true');
    expect(files()).toEqual(before);
    expect(await statusOf('v1')).toBe(200);
  });

  it('that comes up between plan and execution is left alone as well', async () => {
    await pushImage(to(), { tags: ['v1'] });
    await registry.kill();
    await open();
    const planned = await run({ references: ['v1'], dryRun: true });
    await registry.restart();
    const before = files();
    const answer = await gateway.api().post(`/v1/deletions/${planned.id}/execute`);
    expect(answer.body).toMatchObject({ status: 409, code: 'registry_online' });
    expect(files()).toEqual(before);
  });

  it('in read-only mode loses an image at once, and gets it back byte for byte', async () => {
    const amd64 = await pushImage(to(), { architecture: 'amd64', content: 'a' });
    const arm64 = await pushImage(to(), { architecture: 'arm64', content: 'b' });
    await pushIndex(to(), [amd64, arm64], { tags: ['v1', 'stable'] });
    await pushImage(to(), { tags: ['other'], content: 'other' });
    await registry.restart({ readOnly: true });
    await open();
    const [before, other] = [pulled('v1'), pulled('other')];
    const deletion = await run({ references: ['v1'], siblings: 'include' });
    expect(deletion).toMatchObject({ state: 'succeeded' });
    expect(deletion.targets.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted', 'deleted']);
    // The registry runs all the while, with its cache, and was never told.
    for (const gone of ['v1', 'stable', amd64.digest, arm64.digest]) expect(await statusOf(gone)).toBe(404);
    expect(pulled('other')).toEqual(other);
    expect((await restore(deletion.id).expect(200)).body).toMatchObject({ state: 'restored' });
    expect(pulled('v1')).toEqual(before);
    expect(pulled('stable')).toEqual(before);
  });

  it('that is down is worked on, and serves what is right when it is up again', async () => {
    const shared = await pushImage(to(), { tags: ['v1', 'stable'] });
    const nested = { ...to(), repository: `${REPOSITORY}/v1` };
    const below = await pushImage(nested, { tags: ['v1'] });
    const before = pulled('v1');
    await registry.kill();
    await open();
    const refused = await run({ references: ['v11'] });
    expect(refused.plan?.refusals).toMatchObject([{ code: 'reference_not_found' }]);
    const untagged = await run({ references: ['v1'], siblings: 'untag' });
    expect(untagged).toMatchObject({ state: 'succeeded', targets: [{ outcome: 'untagged' }] });
    await registry.restart();
    expect(await statusOf('v1')).toBe(404);
    expect(pulled('stable')).toEqual(before);
    expect((await headManifest(nested, 'v1')).digest).toBe(below.digest);
    await registry.kill();
    expect((await restore(untagged.id).expect(200)).body).toMatchObject({ state: 'restored' });
    await registry.restart();
    expect((await headManifest(to(), 'v1')).digest).toBe(shared.digest);
  });

  it('that is online on purpose goes on taking pushes: also of what was just deleted', async () => {
    await pushImage(to(), { tags: ['v1'] });
    await open({ online: true });
    const before = pulled('v1');
    expect(await run({ references: ['v1'] })).toMatchObject({ state: 'succeeded' });
    expect(await statusOf('v1')).toBe(404);
    await pushImage(to(), { tags: ['v1'] });
    expect(pulled('v1')).toEqual(before);
  });

  it('takes a signature along that has no tag of its own (TRAPS 10)', async () => {
    const image = await pushImage(to(), { tags: ['v1'] });
    const signature = await pushImage(to(), { content: 'signature', subject: image, artifactType: 'a/b' });
    await open({ online: true });
    const deletion = await run({ references: ['v1'] });
    expect(deletion.targets.map(({ digest }) => digest).sort()).toEqual(
      [image.digest, signature.digest].sort(),
    );
    expect(await statusOf(signature.digest)).toBe(404);
  });

  const danglingTag = async (): Promise<PushedManifest> => {
    const image = await pushImage(to(), { tags: ['v1', 'stable'] });
    await pushImage(to(), { tags: ['other'], content: 'other' });
    rmSync(join(registry.storageDir, revisionLink(REPOSITORY, image.digest)));
    return image;
  };

  it('removes a tag that dangles, says that it cannot come back, and touches no other (TRAPS 14)', async () => {
    const { digest } = await danglingTag();
    await open({ online: true });
    const deletion = await run({ references: ['v1'] });
    expect(deletion).toMatchObject({
      state: 'succeeded',
      targets: [{ reference: 'v1', digest, outcome: 'untagged' }],
    });
    expect(deletion.plan?.notes.join()).toContain('cannot be put back');
    const tags = await fetch(`${registry.url}/v2/${REPOSITORY}/tags/list`);
    expect(((await tags.json()) as { tags: string[] }).tags.sort()).toEqual(['other', 'stable']);
    expect((await restore(deletion.id)).body).toMatchObject({ status: 409, code: 'not_restorable' });
  });

  it('leaves a tag alone that no longer dangles when its turn comes (TRAPS 14)', async () => {
    await danglingTag();
    await open({ online: true });
    const planned = await run({ references: ['v1'], dryRun: true });
    const { digest } = await pushImage(to(), { tags: ['v1'] });
    const answer = await gateway.api().post(`/v1/deletions/${planned.id}/execute`);
    expect(answer.body).toMatchObject({ status: 409, code: 'plan_stale' });
    expect((await headManifest(to(), 'v1')).digest).toBe(digest);
  });

  it('with a damaged link deletes nothing of that repository, and names the file (TRAPS 22)', async () => {
    await pushImage(to(), { tags: ['v1', 'stable'] });
    writeFileSync(join(registry.storageDir, tagLink(REPOSITORY, 'stable')), '');
    await open({ online: true });
    const before = files();
    const deletion = await run({ references: ['v1'] });
    expect(deletion).toMatchObject({ state: 'failed', problem: { code: 'storage_fault' } });
    expect(deletion.problem?.message).toContain(tagLink(REPOSITORY, 'stable'));
    expect(files()).toEqual(before);
  });

  it('gets its space back by collection, and an image back out of quarantine (TRAPS 19)', async () => {
    const { digest } = await pushImage(to(), { tags: ['v1'], content: 'goes' });
    await pushImage(to(), { tags: ['v2'], content: 'stays' });
    const [before, other] = [pulled('v1'), pulled('v2')];
    await registry.kill();
    await open({ collects: true });
    const deletion = await run({ references: ['v1'] });
    const data = join(registry.storageDir, blobData(digest));
    expect(readFileSync(data).length).toBeGreaterThan(0);
    const collected = await collectAndWait(gateway.api());
    expect(collected).toMatchObject({ state: 'succeeded', quarantined: { count: 3 } });
    expect(() => readFileSync(data)).toThrow();
    expect((await restore(deletion.id)).body).toMatchObject({ state: 'restored' });
    await registry.restart();
    expect(pulled('v1')).toEqual(before);
    expect(pulled('v2')).toEqual(other);
  });
});
