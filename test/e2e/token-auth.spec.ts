import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { startTokenServer, type TokenServer } from '../../tools/token-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const PASSWORD = 'the-password-that-no-team-holds';

/** Nobody but the gateway holds registry credentials: the caller has an API key and nothing else. */
describe('a registry that wants tokens', () => {
  let tokens: TokenServer;
  let registry: RegistryServer;
  let gateway: TestGateway;
  let to: { registryUrl: string; repository: string; authorization: string };

  beforeAll(async () => {
    tokens = await startTokenServer({
      users: { sexton: { password: PASSWORD, access: { '*': ['pull', 'push', 'delete'] } } },
    });
    const { realm, service, issuer, rootCertBundle } = tokens;
    registry = await startRegistry({ token: { realm, service, issuer, rootCertBundle } });
    gateway = await startTestGateway({
      registries: [
        registryOptions('prod', registry.url, {
          credentials: { username: 'sexton', password: PASSWORD },
          tokenRealms: [new URL(realm).origin],
        }),
      ],
    });
    const asked = `${realm}?service=${encodeURIComponent(service)}&scope=repository:team-a/app:pull,push`;
    const authorization = `Basic ${Buffer.from(`sexton:${PASSWORD}`).toString('base64')}`;
    const { token } = (await (await fetch(asked, { headers: { authorization } })).json()) as {
      token: string;
    };
    to = { registryUrl: registry.url, repository: 'team-a/app', authorization: `Bearer ${token}` };
  });
  afterAll(async () => {
    await gateway?.stop();
    await registry?.stop();
    await tokens?.stop();
  });

  const ask = (references: string[]) =>
    deleteAndWait(gateway.api(), {
      registry: 'prod',
      repository: 'team-a/app',
      references,
      reason: 'no longer supported',
    });

  it('lets the gateway delete, with the rights of its account', async () => {
    await pushImage(to, { tags: ['v1'], content: 'v1' });
    await pushImage(to, { tags: ['v2'], content: 'v2' });
    expect(await ask(['v1'])).toMatchObject({ state: 'succeeded', targets: [{ outcome: 'deleted' }] });
    expect((await headManifest(to, 'v1')).status).toBe(404);
    expect((await headManifest(to, 'v2')).status).toBe(200);
  });

  it('that grants no deletion: nothing goes, and the answer says why', async () => {
    await pushImage(to, { tags: ['v3'], content: 'v3' });
    tokens.allow('sexton', { '*': ['pull'] });
    const other = await startTestGateway({
      registries: [
        registryOptions('prod', registry.url, {
          credentials: { username: 'sexton', password: PASSWORD },
          tokenRealms: [new URL(tokens.realm).origin],
        }),
      ],
    });
    const deletion = await deleteAndWait(other.api(), {
      registry: 'prod',
      repository: 'team-a/app',
      references: ['v3'],
      reason: 'no longer supported',
    });
    await other.stop();
    tokens.allow('sexton', { '*': ['pull', 'push', 'delete'] });
    expect(deletion).toMatchObject({
      state: 'failed',
      targets: [{ outcome: 'failed', code: 'upstream_forbidden' }],
    });
    expect(other.logLines.join('\n')).not.toContain(PASSWORD);
    expect((await headManifest(to, 'v3')).status).toBe(200);
  });
});
