import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';

const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

let registry: RegistryServer;
let issuer: TestIssuer;
let gateway: TestGateway;
let pause: string;
let deletion: string;

beforeAll(async () => {
  registry = await startRegistry();
  issuer = await startIssuer();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    oidc: issuer.options(),
  });
});
afterAll(async () => {
  await gateway?.stop();
  await issuer?.stop();
  await registry?.stop();
});
beforeEach(async () => {
  // The clock alone: connections and their time limits are real.
  vi.useFakeTimers({ toFake: ['Date'] });
  await pushImage({ registryUrl: registry.url, repository: 'team-a/app' }, { tags: ['v1'] });
  // What is asked for waits, and its stream with it.
  const paused = await gateway
    .api()
    .post('/v1/pauses')
    .send({ registry: 'prod', reason: 'a test' })
    .expect(201);
  pause = (paused.body as { id: string }).id;
  const asked = { registry: 'prod', repository: 'team-a/app', references: ['v1'], reason: 'a test' };
  const accepted = await gateway.api().post('/v1/deletions').send(asked).expect(202);
  deletion = (accepted.body as { id: string }).id;
});
afterEach(() => {
  vi.useRealTimers();
  issuer.setDown(false);
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
const tokenUntil = (exp: number): Promise<string> => issuer.token({ claims: { exp } });
const keyUntil = async (expiresAt: string): Promise<string> => {
  const body = { name: 'a', role: 'auditor', expiresAt };
  const made = await gateway.api().post('/v1/api-keys').send(body).expect(201);
  return (made.body as { secret: string }).secret;
};

/** A stream that Sexton has begun, and all that it is going to say. */
const follow = async (credential: string): Promise<{ readonly text: Promise<string> }> => {
  const response = await fetch(`${gateway.url}/v1/deletions/${deletion}/events`, {
    headers: { authorization: `Bearer ${credential}` },
  });
  expect(response.status).toBe(200);
  return { text: response.text() };
};
const goOn = async (): Promise<void> => {
  await gateway.api().delete(`/v1/pauses/${pause}`).send({ reason: 'enough' }).expect(204);
  await untilEnded(gateway.api(), deletion);
};

it.each([
  ['token', () => tokenUntil(secondsFromNow(300))],
  ['key', () => keyUntil(new Date(Date.now() + 300_000).toISOString())],
])(
  'a stream ends, without saying that its deletion did, once its %s has expired; those of others go on',
  async (_, credential) => {
    const cut = await follow(await credential());
    const kept = await follow(await tokenUntil(secondsFromNow(DAY_SECONDS)));
    later(HOUR_MS);
    const text = await cut.text;
    expect(text).toContain('event: state');
    expect(text).not.toContain('event: end');
    await goOn();
    expect(await kept.text).toContain('event: end');
  },
);

it('no stream ends because the issuer of its token is away, however long', async () => {
  const stream = await follow(await tokenUntil(secondsFromNow(3 * DAY_SECONDS)));
  issuer.setDown(true);
  const before = issuer.requests.length;
  // Its keys are taken for good without it for a day.
  later(25 * HOUR_MS);
  await expect.poll(() => issuer.requests.length, { timeout: 20_000 }).toBeGreaterThan(before);
  await goOn();
  expect(await stream.text).toContain('event: end');
});
