import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startV1Server, type V1Server } from '../../tools/fakes/v1-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

let server: V1Server;
let gateway: TestGateway;
let count = 0;
let repository = '';
const run = (changes: Record<string, unknown>) =>
  deleteAndWait(gateway.api(), { registry: 'old', repository, ...changes });
const restore = (id: string, changes: Record<string, unknown> = {}) =>
  gateway
    .api()
    .post(`/v1/deletions/${id}/restore`)
    .send({ reason: 'the wrong image', ...changes });

beforeAll(async () => {
  server = await startV1Server({ search: true });
  gateway = await startTestGateway({ registries: [registryOptions('old', server.url, { type: 'v1' })] });
});

afterAll(async () => {
  await gateway?.stop();
  await server?.stop();
});

beforeEach(() => {
  server.interfere(() => null);
  server.content.repositories.clear();
  repository = `team-a/v1-${(count += 1)}`;
});

afterEach(() => {
  expect(server.violations).toEqual([]);
});

describe('the old registry', () => {
  it('loses one of two tags of an image; the sibling stays; the tag comes back (TRAPS 1)', async () => {
    const image = server.addImage(server.addImage());
    for (const tag of ['v1', 'stable']) server.tag(repository, tag, image);
    const deletion = await run({ references: ['v1'] });
    expect(deletion).toMatchObject({
      state: 'succeeded',
      plan: {
        targets: [
          { kind: 'tag', reference: 'v1', digest: `v1id:${image}`, tags: ['v1'], siblings: ['stable'] },
        ],
        refusals: [],
        notes: [],
        reclaimableBytes: { value: 0, exact: true },
      },
      targets: [{ outcome: 'untagged', code: null }],
    });
    expect(server.tags(repository)).toEqual({ stable: image });
    const response = await restore(deletion.id).expect(200);
    expect(response.body).toMatchObject({
      state: 'restored',
      targets: [{ outcome: 'restored', code: null }],
    });
    expect(server.tags(repository)).toEqual({ stable: image, v1: image });
  });

  it('loses the siblings too where they are asked for, each by itself, and the plan names what is orphaned', async () => {
    const base = server.addImage();
    const image = server.addImage(base);
    for (const tag of ['v1', 'stable']) server.tag(repository, tag, image);
    server.tag(repository, 'other', base);
    const deletion = await run({ references: ['v1'], siblings: 'include' });
    expect(deletion).toMatchObject({
      state: 'succeeded',
      plan: {
        targets: [
          { kind: 'tag', reference: 'stable', because: 'sibling' },
          { kind: 'tag', reference: 'v1', because: 'requested' },
        ],
      },
    });
    expect(deletion.plan?.notes.join()).toContain(`v1id:${image}`);
    expect(deletion.plan?.notes.join()).not.toContain(base);
    expect(server.tags(repository)).toEqual({ other: base });
    await restore(deletion.id).expect(200);
    expect(server.tags(repository)).toEqual({ other: base, stable: image, v1: image });
  });

  it('is not asked to delete a digest: the plan names the tags instead', async () => {
    const image = server.addImage();
    server.tag(repository, 'v1', image);
    for (const reference of [`v1id:${image}`, `sha256:${image}`]) {
      const deletion = await run({ references: [reference, 'v1'] });
      expect(deletion).toMatchObject({
        state: 'refused',
        plan: { refusals: [{ reference, code: 'digest_unsupported' }] },
      });
    }
    expect(server.tags(repository)).toEqual({ v1: image });
  });

  it('keeps a tag whose image is gone: nothing could put it back', async () => {
    server.tag(repository, 'v1', 'f'.repeat(64));
    const deletion = await run({ references: ['v1'] });
    expect(deletion).toMatchObject({ state: 'refused', plan: { refusals: [{ code: 'dangling_tag' }] } });
    expect(Object.keys(server.tags(repository))).toEqual(['v1']);
  });

  it('keeps a tag whose image goes between plan and deletion', async () => {
    const image = server.addImage();
    server.tag(repository, 'v2', image);
    server.interfere(({ path }) => {
      if (path.endsWith('/v1/search?q=')) server.content.images.delete(image);
      return null;
    });
    const deletion = await run({ references: ['v2'] });
    expect(deletion).toMatchObject({ targets: [{ outcome: 'refused', code: 'dangling_tag' }] });
    expect(server.tags(repository)).toEqual({ v2: image });
  });

  it('keeps a tag that moves between plan and deletion (TRAPS 2)', async () => {
    const [old, newer] = [server.addImage(), server.addImage()];
    server.tag(repository, 'v1', old);
    server.interfere(({ path }) => {
      if (path.endsWith('/v1/search?q=')) server.tag(repository, 'v1', newer);
      return null;
    });
    const deletion = await run({ references: ['v1'] });
    expect(deletion).toMatchObject({ targets: [{ outcome: 'tag_moved', code: 'tag_moved' }] });
    expect(server.tags(repository)).toEqual({ v1: newer });
  });

  it('does not put a tag back when a layer of its image is gone, or over another image', async () => {
    const base = server.addImage();
    const image = server.addImage(base);
    server.tag(repository, 'v1', image);
    const deletion = await run({ references: ['v1'] });
    server.content.images.delete(base);
    const refused = await restore(deletion.id).expect(409);
    expect(refused.body).toMatchObject({ code: 'not_restorable' });
    expect(refused.text).toContain(base);
    expect(server.tags(repository)).toEqual({});
    server.content.images.set(base, { ancestry: [base], layer: Buffer.from('again'), isUploading: false });
    const newer = server.addImage();
    server.tag(repository, 'v1', newer);
    await restore(deletion.id).expect(200);
    expect(server.tags(repository)).toEqual({ v1: newer });
  });

  it('has one name for each repository: no scope or hold is passed by through another', async () => {
    const image = server.addImage();
    const name = `app-${(count += 1)}`;
    server.tag(`library/${name}`, 'v1', image);
    const created = await gateway
      .api()
      .post('/v1/api-keys')
      .send({ name: 'short', role: 'requester', scopes: [`old/${name}:delete`] });
    const key = gateway.api((created.body as { secret: string }).secret);
    const body = { registry: 'old', repository: name, references: ['v1'], reason: 'a test' };
    await key.post('/v1/deletions').send(body).expect(404);
    expect(server.tags(`library/${name}`)).toEqual({ v1: image });
    expect(await deleteAndWait(gateway.api(), body)).toMatchObject({
      repository: `library/${name}`,
      state: 'succeeded',
    });
  });

  it('is shown with what it can do, its repositories and its tags', async () => {
    const image = server.addImage();
    server.tag(repository, 'v1', image);
    const registries = await gateway.api().get('/v1/registries').expect(200);
    expect(registries.body).toMatchObject({
      items: [{ type: 'v1', reachable: true, capabilities: { deletes: 'tags', deletion: 'enabled' } }],
    });
    const repositories = await gateway.api().get('/v1/registries/old/repositories').expect(200);
    expect((repositories.body as { items: unknown[] }).items).toContainEqual({ name: repository });
    const tags = await gateway.api().get(`/v1/registries/old/tags?repository=${repository}`).expect(200);
    expect(tags.body).toMatchObject({ items: [{ name: 'v1', digest: `v1id:${image}` }] });
  });
});
