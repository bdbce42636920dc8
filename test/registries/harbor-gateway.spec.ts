import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { basic, startHarborServer, type HarborServer } from '../../tools/fakes/harbor-server.js';
import { pushImage, pushIndex } from '../../tools/images.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const ROBOT = {
  username: 'robot$team+sexton',
  password: 'planted-password-91d0',
  rights: { team: ['pull', 'push', 'delete'] },
} as const;

let harbor: HarborServer;
let gateway: TestGateway;
let count = 0;
let repository = '';

const at = () => ({ registryUrl: harbor.url, repository, authorization: basic(ROBOT) });
const ask = (changes: Record<string, unknown>): Promise<DeletionView> =>
  deleteAndWait(gateway.api(), { registry: 'prod', repository, ...changes });

const restore = async (id: string): Promise<void> => {
  const response = await gateway
    .api()
    .post(`/v1/deletions/${id}/restore`)
    .send({ reason: 'it was needed' })
    .expect(200);
  expect(response.body).toMatchObject({ state: 'restored' });
};

/** Digests of everything in the repository, sorted. */
const artifacts = (): string[] =>
  [...(harbor.store.repositories.get(repository)?.artifacts.keys() ?? [])].sort();

beforeAll(async () => {
  harbor = await startHarborServer({ accounts: [ROBOT] });
  harbor.store.addProject('team', false);
  const credentials = { username: ROBOT.username, password: ROBOT.password };
  gateway = await startTestGateway({
    registries: [registryOptions('prod', harbor.url, { type: 'harbor', credentials })],
  });
});

beforeEach(() => {
  const project = harbor.store.projects.get('team');
  if (project) project.immutable = null;
  repository = `team/group/app${(count += 1)}`;
});

afterEach(() => {
  expect(harbor.violations).toEqual([]);
});

afterAll(async () => {
  await gateway?.stop();
  await harbor?.stop();
});

describe('a Harbor behind the gateway', () => {
  it('removes one tag and leaves its sibling', async () => {
    const { digest } = await pushImage(at(), { tags: ['v1', 'stable'] });
    const deletion = await ask({ references: ['v1'], siblings: 'untag' });
    expect(deletion.state).toBe('succeeded');
    expect(deletion.targets).toMatchObject([{ reference: 'v1', outcome: 'untagged' }]);
    expect(harbor.store.tags(repository)).toEqual(['stable']);
    expect(harbor.store.find(repository, 'stable').digest).toBe(digest);
  });

  it('removes one manifest, and puts it back', async () => {
    const { digest } = await pushImage(at(), { tags: ['v1'] });
    const other = await pushImage(at(), { tags: ['v2'], content: 'another image' });
    const deletion = await ask({ references: ['v1'] });
    expect(deletion.state).toBe('succeeded');
    expect(deletion.targets).toMatchObject([{ digest, outcome: 'deleted' }]);
    expect(harbor.store.tags(repository)).toEqual(['v2']);
    await restore(deletion.id);
    expect(harbor.store.find(repository, 'v1').digest).toBe(digest);
    expect(harbor.store.find(repository, 'v2').digest).toBe(other.digest);
  });

  it('is refused an immutable tag, and says what to do', async () => {
    await pushImage(at(), { tags: ['release-1'] });
    const project = harbor.store.projects.get('team');
    if (project) project.immutable = /^release-/;
    const deletion = await ask({ references: ['release-1'] });
    expect(deletion.state).toBe('failed');
    expect(deletion.targets).toMatchObject([{ outcome: 'failed', code: 'immutable_tag' }]);
    expect(harbor.store.tags(repository)).toEqual(['release-1']);
  });

  it('removes an index with what Harbor deletes along, and can put all of it back', async () => {
    const children = [
      await pushImage(at(), { content: 'one platform' }),
      await pushImage(at(), { content: 'another platform' }),
    ];
    const index = await pushIndex(at(), children, { tags: ['v1'] });
    const signature = await pushImage(at(), { content: 'a signature', subject: index });
    const all = [...children, index, signature].map(({ digest }) => digest).sort();
    const deletion = await ask({ references: ['v1'] });
    expect(deletion.state).toBe('succeeded');
    expect(deletion.targets.map(({ outcome }) => outcome)).toEqual(Array(4).fill('deleted'));
    expect(deletion.plan?.targets.map(({ digest }) => digest).sort()).toEqual(all);
    expect(artifacts()).toEqual([]);
    await restore(deletion.id);
    expect(artifacts()).toEqual(all);
    expect(harbor.store.find(repository, 'v1').digest).toBe(index.digest);
  });

  it.each([{ children: 'keep' }, { referrers: 'keep' }])(
    'is not asked to delete what %j keeps and Harbor would take along',
    async (keep) => {
      const child = await pushImage(at(), { content: 'one platform' });
      const index = await pushIndex(at(), [child], { tags: ['v1', 'stable'] });
      await pushImage(at(), { content: 'a signature', subject: index });
      const before = artifacts();
      const deletion = await ask({ references: ['v1'], siblings: 'include', ...keep });
      expect(deletion).toMatchObject({ state: 'refused', plan: { refusals: [{ code: 'deletes_more' }] } });
      expect(artifacts()).toEqual(before);
      const untagged = await ask({ references: ['v1'], siblings: 'untag', ...keep });
      expect(untagged.state).toBe('succeeded');
      expect(artifacts()).toEqual(before);
      expect(harbor.store.tags(repository)).toEqual(['stable']);
    },
  );

  it('says nothing secret, anywhere', () => {
    const encoded = basic(ROBOT).slice('Basic '.length);
    const told = gateway.logLines.filter((line) => line.includes(ROBOT.password) || line.includes(encoded));
    expect(told).toEqual([]);
  });
});
