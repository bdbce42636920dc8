import { afterAll, beforeAll } from 'vitest';
import { parseRepositoryName } from '../../src/oci/names.js';
import { StorageRegistry } from '../../src/registries/storage/storage-registry.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { optionsFor } from './adapter.js';
import { describeRegistry } from './registry.behaviour.js';

let server: RegistryServer;
let count = 0;

beforeAll(async () => {
  server = await startRegistry();
});

afterAll(() => server?.stop());

describeRegistry('the storage adapter on the files of a real registry', async () => {
  const repository = parseRepositoryName(`team-a/app${(count += 1)}`);
  const directory = server.storageDir;
  let opened = 0;
  const options = optionsFor('', { type: 'storage', storage: { directory, online: true } });
  return {
    registry: new StorageRegistry(options, undefined, () => {
      opened += 1;
      return new FilesystemStorage(directory);
    }),
    repository,
    push: (tags, content) =>
      pushImage({ registryUrl: server.url, repository }, { tags, ...(content !== undefined && { content }) }),
    withPassword: null,
    requestCount: () => opened,
  };
});
