import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { sextonAs, type Sexton } from '../support/command.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let sexton: Sexton;
let count = 0;
let repository = '';
let image = '';

const at = () => ({ registryUrl: registry.url, repository });
const status = async (reference: string) => (await headManifest(at(), reference)).status;
const because = ['--reason', 'a test'] as const;
const deletions = async (): Promise<number> => {
  const listed = await gateway.api().get(`/v1/deletions?repository=${repository}`).expect(200);
  return (listed.body as { items: unknown[] }).items.length;
};

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({ registries: [registryOptions('prod', proxy.url)] });
  sexton = sextonAs(gateway.url, gateway.adminKey);
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

beforeEach(() => {
  proxy.interfere(() => null);
  repository = `team-a/app${(count += 1)}`;
  image = `prod/${repository}`;
});

describe('sexton delete', () => {
  it('deletes what is named, waits until it is gone, and says how to put it back', async () => {
    await pushImage(at(), { tags: ['v1'] });
    await pushImage(at(), { tags: ['v2'], content: 'another' });
    const ran = await sexton('delete', `${image}:v1`, ...because, '--ticket', 'OPS-17');
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toContain('succeeded');
    expect(ran.stdout).toContain('a test (OPS-17)');
    expect(ran.stdout).toMatch(/manifest v1 sha256:[0-9a-f]{12}… \(\d+ B\) {2}\[requested\] → deleted/);
    expect(ran.stdout).toMatch(/sexton restore [0-9A-Z]{26} --reason/);
    expect([await status('v1'), await status('v2')]).toEqual([404, 200]);
  });

  it('deletes several of one repository in one deletion, and by digest', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const other = await pushImage(at(), { tags: ['v2', 'v2.0'], content: 'another' });
    const ran = await sexton(
      'delete', `${image}:v1`, `${image}@${other.digest}`, ...because, '--siblings', 'include', '--json',
    ); // prettier-ignore
    const deletion = ran.json<DeletionView>();
    expect(ran.status).toBe(0);
    expect(deletion).toMatchObject({
      state: 'succeeded',
      references: ['v1', other.digest],
      reason: 'a test',
    });
    expect([await status('v1'), await status('v2'), await status('v2.0')]).toEqual([404, 404, 404]);
    expect(await deletions()).toBe(1);
  });

  it('is refused by the plan: 3, what stands in the way, what to do, and nothing is deleted', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'] });
    const ran = await sexton('delete', `${image}:v1`, ...because);
    expect(ran.status).toBe(3);
    expect(ran.stdout).toContain('shared_digest');
    expect(ran.stdout).toContain('tag stable');
    expect(ran.stdout).toContain('--siblings untag');
    expect(ran.stdout).toContain('Nothing was deleted.');
    const json = await sexton('delete', `${image}:v1`, ...because, '--json');
    expect(json.status).toBe(3);
    expect(json.json()).toMatchObject({ state: 'refused', plan: { refusals: [{ code: 'shared_digest' }] } });
    expect([await status('v1'), await status('stable')]).toEqual([200, 200]);
  });

  it('removes one of several tags with --siblings untag', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'] });
    const ran = await sexton('delete', `${image}:v1`, ...because, '--siblings', 'untag');
    expect(ran.status).toBe(0);
    expect(ran.stdout).toContain('tag v1 alone');
    expect([await status('v1'), await status('stable')]).toEqual([404, 200]);
  });

  it('done in part is 4, and failed is 1', async () => {
    await pushImage(at(), { tags: ['v1'] });
    await pushImage(at(), { tags: ['v2'], content: 'another' });
    const second = await headManifest(at(), 'v2');
    proxy.interfere(({ method, path }) =>
      method === 'DELETE' && path.endsWith(second.digest ?? '') ? { status: 403 } : null,
    );
    const partly = await sexton('delete', `${image}:v1`, `${image}:v2`, ...because, '--json');
    expect(partly.json()).toMatchObject({ state: 'partially_succeeded' });
    expect(partly.status).toBe(4);
    const failed = await sexton('delete', `${image}:v2`, ...because);
    expect(failed.stdout).toContain('failed');
    expect(failed.status).toBe(1);
    expect(await status('v2')).toBe(200);
  });

  it('with --no-wait is 0 when it is accepted, and says how to watch', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const ran = await sexton('delete', `${image}:v1`, ...because, '--no-wait', '--json');
    const { id } = ran.json<DeletionView>();
    expect(ran.status).toBe(0);
    const watched = await sexton('status', id, '--watch');
    expect(watched).toMatchObject({ status: 0, stderr: '' });
    expect(watched.stdout).toContain('succeeded');
  });

  it('selects by rules, keeps what they do not select, and deletes nothing where they select nothing', async () => {
    for (const tag of ['rc-1', 'rc-2', 'v1']) await pushImage(at(), { tags: [tag], content: tag });
    const none = await sexton('delete', image, ...because, '--tags', 'nothing-*', '--json');
    expect(none.status).toBe(0);
    expect(none.json()).toMatchObject({ state: 'succeeded', targets: [] });
    const { id } = none.json<DeletionView>();
    expect((await sexton('status', id)).stdout).not.toContain('sexton restore');
    const ran = await sexton(
      'delete',
      image,
      ...because,
      '--tags',
      'rc-*',
      '--older-than',
      '30d',
      '--keep-newest',
      '1',
    );
    expect(ran.status).toBe(0);
    const left = await Promise.all(['rc-1', 'rc-2', 'v1'].map(status));
    expect(left.filter((code) => code === 404)).toHaveLength(1);
    expect(left[2]).toBe(200);
  });
});

describe('a command line that could mean more than was meant (TRAPS 12, 13)', () => {
  it.each([
    ['an empty tag', (name: string) => [`${name}:`]],
    ['no tag at all', (name: string) => [name]],
    ['two repositories', (name: string) => [`${name}:v1`, 'prod/other:v1']],
    ['an empty rule', (name: string) => [name, '--tags', '']],
    ['an empty reason', (name: string) => [`${name}:v1`, '--reason', '']],
  ])('is refused, and nothing is deleted: %s', async (_what, words) => {
    await pushImage(at(), { tags: ['v1'] });
    const ran = await sexton('delete', ...because, ...words(image));
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).not.toBe('');
    expect(ran.stderr).not.toMatch(/\n\s+at /);
    expect(await status('v1')).toBe(200);
    expect(await deletions()).toBe(0);
  });

  it('everything goes only with --whole-repository', async () => {
    await pushImage(at(), { tags: ['v1'] });
    expect(await sexton('delete', image, ...because, '--whole-repository')).toMatchObject({ status: 0 });
    expect(await status('v1')).toBe(404);
  });
});

describe('sexton plan, execute', () => {
  it('shows an index with its children as a tree and deletes nothing; execute does exactly that', async () => {
    const children = [await pushImage(at(), { content: 'a' }), await pushImage(at(), { content: 'b' })];
    await pushIndex(at(), children, { tags: ['v2'] });
    const planned = await sexton('plan', `${image}:v2`, ...because);
    expect(planned.status).toBe(0);
    expect(planned.stdout).toMatch(
      / {2}index v2 sha256:\S+ \(\d+ B\) {2}\[requested\]\n {2}├─ manifest \S+ .*\[child\]\n {2}└─ manifest/,
    );
    expect(planned.stdout).toContain('goes: 3 manifests; the next garbage collection frees');
    const [id = ''] = /[0-9A-Z]{26}/.exec(planned.stdout) ?? [];
    expect(planned.stdout).toContain(`sexton execute ${id}`);
    expect(await status('v2')).toBe(200);
    expect(await sexton('execute', id)).toMatchObject({ status: 0 });
    expect(await status('v2')).toBe(404);
    expect(await sexton('execute', id)).toMatchObject({ status: 3 });
    const { stdout } = await sexton('list', '--repository', repository);
    expect(stdout).toContain(`succeeded  ${image}:v2`);
    expect(stdout).not.toContain('dry run');
  });

  it('a plan that is stale is 3 and deletes nothing', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const { id } = (await sexton('plan', `${image}:v1`, ...because, '--json')).json<DeletionView>();
    await pushImage(at(), { tags: ['v1'], content: 'moved' });
    const ran = await sexton('execute', id);
    expect(ran).toMatchObject({ status: 3, stdout: '' });
    expect(ran.stderr).toContain('plan_stale');
    expect(await status('v1')).toBe(200);
  });

  it('--no-trunc shows digests whole', async () => {
    const { digest } = await pushImage(at(), { tags: ['v1'] });
    expect((await sexton('plan', `${image}:v1`, ...because)).stdout).not.toContain(digest);
    expect((await sexton('plan', `${image}:v1`, ...because, '--no-trunc')).stdout).toContain(digest);
  });
});

describe('sexton status, list, restore, cancel', () => {
  it('restores what was deleted', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const { id } = (await sexton('delete', `${image}:v1`, ...because, '--json')).json<DeletionView>();
    const ran = await sexton('restore', id, '--reason', 'the wrong one', '--json');
    expect(ran.status).toBe(0);
    expect(ran.json()).toMatchObject({ id, state: 'restored' });
    expect(await status('v1')).toBe(200);
    expect(await sexton('restore', id, '--reason', 'again')).toMatchObject({ status: 3 });
  });

  it('cancels a plan, whose end is 10 for whoever watches it', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const { id } = (await sexton('plan', `${image}:v1`, ...because, '--json')).json<DeletionView>();
    expect(await sexton('cancel', id, '--reason', 'not this one')).toMatchObject({ status: 0 });
    expect(await sexton('status', id)).toMatchObject({ status: 0 });
    expect(await sexton('status', id, '--watch')).toMatchObject({ status: 10 });
    expect(await status('v1')).toBe(200);
  });

  it('--watch --json prints one event a line, and the deletion at the end', async () => {
    await pushImage(at(), { tags: ['v1'] });
    const { id } = (await sexton('delete', `${image}:v1`, ...because, '--json')).json<DeletionView>();
    const { stdout, status: code } = await sexton('status', id, '--watch', '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(code).toBe(0);
    expect(events.at(-2)).toEqual({ event: 'end', id, state: 'succeeded' });
    expect(events.at(-1)).toMatchObject({ event: 'deletion', deletion: { id, state: 'succeeded' } });
  });

  it('lists over pages, narrowed, as a table and as JSON', async () => {
    await pushImage(at(), { tags: ['v1'] });
    for (let n = 0; n < 3; n += 1) await sexton('plan', `${image}:v1`, '--reason', `plan ${n}`);
    const table = await sexton('list', '--repository', repository);
    expect(table.stdout.split('\n')[0]).toMatch(/^ID +STATE +IMAGES +BY +ASKED +REASON$/);
    expect(table.stdout).toContain(`planned (dry run)  ${image}:v1`);
    const json = (await sexton('list', '--repository', repository, '--limit', '2', '--json')).json<{
      items: { reason: string }[];
      nextCursor: string | null;
    }>();
    expect(json.items.map(({ reason }) => reason)).toEqual(['plan 2', 'plan 1']);
    expect(json.nextCursor).not.toBeNull();
  });

  it('a state that there is not is 2, with those that there are, and nothing is asked of the server', async () => {
    const ran = await sexton('list', '--state', 'deleted');
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toContain("option '--state <state>' argument 'deleted' is invalid");
    expect(ran.stderr).toContain('awaiting_approval, queued, running');
  });

  it('what is not there is 7', async () => {
    const ran = await sexton('status', '01JD0000000000000000000000', '--json');
    expect(ran.status).toBe(7);
    expect(ran.json()).toMatchObject({ error: { code: 'not_found', exitCode: 7 } });
    expect(await sexton('delete', 'nowhere/app:v1', ...because)).toMatchObject({ status: 7, stdout: '' });
  });
});
