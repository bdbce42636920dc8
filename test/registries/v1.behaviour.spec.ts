import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import { parseDigest } from '../../src/oci/digest.js';
import { parseRepositoryName } from '../../src/oci/names.js';
import { createRegistry } from '../../src/registries/create-registry.js';
import { startV1Server, type V1Server } from '../../tools/fakes/v1-server.js';
import { optionsFor } from './adapter.js';
import { describeRegistry } from './registry.behaviour.js';

const credentials = { username: 'sexton', password: 'of a test' };
let server: V1Server;
let count = 0;

beforeAll(async () => {
  server = await startV1Server({ search: true, basic: credentials });
});

afterEach(() => {
  expect(server.violations).toEqual([]);
});

afterAll(() => server?.stop());

describeRegistry('the v1 adapter on the contract server', async () => {
  const repository = parseRepositoryName(`team-a/app${(count += 1)}`);
  const open = (password: string) =>
    createRegistry(optionsFor(server.url, { type: 'v1', credentials: { ...credentials, password } }));
  return {
    registry: open(credentials.password),
    repository,
    push: async (tags) => {
      const id = server.addImage();
      for (const tag of tags) server.tag(repository, tag, id);
      const bytes = Buffer.from(JSON.stringify(server.content.images.get(id)?.ancestry));
      return { digest: `v1id:${id}`, mediaType: MEDIA_TYPES.v1Ancestry, bytes };
    },
    withPassword: open,
    absent: parseDigest(`v1id:${'0'.repeat(64)}`),
    requestCount: () => server.requests.length,
  };
});
