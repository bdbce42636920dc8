import { afterAll, beforeAll } from 'vitest';
import { parseRepositoryName } from '../../src/oci/names.js';
import { createRegistry } from '../../src/registries/create-registry.js';
import { basicHeader } from '../../src/registries/upstream/basic-header.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';
import { optionsFor } from './adapter.js';
import { describeRegistry } from './registry.behaviour.js';

const credentials = { username: 'sexton', password: 'of a test' };
let server: RegistryServer;
let proxy: RegistryProxy;
let count = 0;

beforeAll(async () => {
  server = await startRegistry({ htpasswd: credentials });
  proxy = await startRegistryProxy(server.url);
});

afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

describeRegistry('the distribution adapter on a real registry', async () => {
  const repository = parseRepositoryName(`team-a/app${(count += 1)}`);
  const to = { registryUrl: server.url, repository, authorization: basicHeader(credentials) };
  const open = (password: string) =>
    createRegistry(optionsFor(proxy.url, { credentials: { ...credentials, password } }));
  return {
    registry: open(credentials.password),
    repository,
    push: (tags, content) => pushImage(to, { tags, ...(content !== undefined && { content }) }),
    withPassword: open,
    requestCount: () => proxy.requests.length,
  };
});
