import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { pushImage } from '../../tools/images.js';
import type { DtrServer } from '../../tools/fakes/dtr-server.js';
import { addRepository, openDtr, SEXTON, startDtr } from './dtr-world.js';
import { describeRegistry } from './registry.behaviour.js';

describe.each(['2.5', '2.6', '2.7'] as const)('DTR %s', (version) => {
  let server: DtrServer;

  beforeAll(async () => {
    server = await startDtr({ version });
  });

  afterEach(() => {
    expect(server.violations).toEqual([]);
  });

  afterAll(() => server?.stop());

  describeRegistry('the dtr adapter on the contract server', async () => {
    const { repository, to } = addRepository(server);
    const open = (password: string) => openDtr(server.url, { credentials: { ...SEXTON, password } });
    return {
      registry: open(SEXTON.password),
      repository,
      push: (tags, content) => pushImage(to, { tags, ...(content !== undefined && { content }) }),
      withPassword: open,
      requestCount: () => server.requests.length,
    };
  });
});
