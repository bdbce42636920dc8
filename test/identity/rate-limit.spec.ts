import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../tools/redis-server.js';
import { startTestGateway, type TestGateway } from '../support/gateway.js';

const gateways: TestGateway[] = [];
const start = async (options: Partial<Parameters<typeof startTestGateway>[0]> = {}): Promise<TestGateway> => {
  const gateway = await startTestGateway({ registries: [], ...options });
  gateways.push(gateway);
  return gateway;
};
afterEach(async () => {
  for (const gateway of gateways.splice(0).reverse()) await gateway.stop();
});

const aKey = async (gateway: TestGateway, name = 'another'): Promise<string> => {
  const made = await gateway.api().post('/v1/api-keys').send({ name, role: 'auditor' }).expect(201);
  return (made.body as { secret: string }).secret;
};

describe('the rate limit', () => {
  it('counts what one caller asks, says what is left, and then answers 429', async () => {
    const gateway = await start({ rateLimit: { requests: 3, perSeconds: 60 } });
    const other = await aKey(gateway);
    const first = await gateway.api().get('/v1/deletions').expect(200);
    expect(first.headers['ratelimit-policy']).toBe('"caller";q=3;w=60');
    expect(first.headers['ratelimit']).toMatch(/^"caller";r=1;t=(60|5\d)$/);
    await gateway.api().get('/v1/nothing-here').expect(404);
    await gateway.api().get('/v1/deletions').expect(200);
    const over = await gateway.api().post('/v1/deletions').send({}).expect(429);
    expect(over.body).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(over.headers['ratelimit']).toMatch(/^"caller";r=0;t=/);
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(over.headers['retry-after'])).toBeLessThanOrEqual(60);
    const front = await gateway.api().get('/v2/').expect(429);
    expect(front.body).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
    await gateway.api(other).get('/v1/deletions').expect(200);
  });

  it('lets through exactly as many of those that come at one moment, and tells each what was left', async () => {
    const gateway = await start({ rateLimit: { requests: 20 } });
    const other = await aKey(gateway);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => gateway.api(n % 2 ? other : undefined).get('/v1/me')),
    );
    const own = await Promise.all(Array.from({ length: 30 }, () => gateway.api(other).get('/v1/me')));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(own.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(own.filter(({ status }) => status === 429)).toHaveLength(25);
    const left = [...answers.filter((_, n) => n % 2), ...own]
      .map(({ headers }) => Number(/r=(\d+)/.exec(headers['ratelimit'] ?? '')?.[1]))
      .sort((one, another) => another - one);
    expect(left).toEqual([...Array.from({ length: 20 }, (_, n) => 19 - n), ...Array<number>(25).fill(0)]);
  });

  it('is not for those who watch it, and not for the documentation', async () => {
    const gateway = await start({ rateLimit: { requests: 1 } });
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) {
      for (let i = 0; i < 3; i += 1) {
        const answer = await request(gateway.url).get(path).expect(200);
        expect(answer.headers['ratelimit']).toBeUndefined();
      }
    }
  });

  it('is stricter with failed log-ins of an address, and shuts out nobody who has a key', async () => {
    const gateway = await start({ rateLimit: { failedLogins: 2 } });
    const wrong = () => gateway.api(`sxt_${'x'.repeat(40)}`).get('/v1/deletions');
    const first = await wrong().expect(401);
    expect(first.headers['ratelimit-policy']).toBe('"failed-logins";q=2;w=60');
    await gateway.api('sxt_short').get('/v1/deletions').expect(401);
    const third = await wrong().expect(429);
    expect(third.body).toMatchObject({ code: 'rate_limited' });
    expect(third.headers['retry-after']).toMatch(/^\d+$/);
    await request(gateway.url).get('/v2/').auth('me', 'wrong').expect(429);
    await gateway.api().get('/v1/deletions').expect(200);
  });

  it('takes a client that asks what to bring for no failed log-in', async () => {
    const gateway = await start({ rateLimit: { failedLogins: 1 } });
    for (let i = 0; i < 3; i += 1) await request(gateway.url).get('/v2/').expect(401);
    const events = await gateway.api().get('/v1/audit/events?action=login.failed').expect(200);
    expect((events.body as { items: unknown[] }).items).toEqual([]);
  });
});

describe('on Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis?.stop();
  });

  it('the limit is one for all processes; while Redis is away each process counts by itself', async () => {
    const limited = { redisUrl: redis.url, rateLimit: { requests: 3 } };
    const one = await start(limited);
    const two = await start({ ...limited, database: one.database });
    const key = await aKey(one);
    await one.api(key).get('/v1/deletions').expect(200);
    await two.api(key).get('/v1/deletions').expect(200);
    const third = await one.api(key).get('/v1/deletions').expect(200);
    expect(third.headers['ratelimit']).toMatch(/^"caller";r=0;/);
    await two.api(key).get('/v1/deletions').expect(429);
    await redis.stop();
    const alone = await two.api(key).get('/v1/deletions').expect(200);
    expect(alone.headers['ratelimit']).toMatch(/^"caller";r=2;/);
  });
});

describe('who asks', () => {
  const addresses = async (gateway: TestGateway): Promise<unknown[]> => {
    await gateway
      .api()
      .post('/v1/api-keys')
      .set('X-Forwarded-For', '203.0.113.7')
      .send({ name: 'from there', role: 'auditor' })
      .expect(201);
    const events = await gateway.api().get('/v1/audit/events?action=api_key.created&limit=1').expect(200);
    return (events.body as { items: { actor: { address: string } }[] }).items.map(
      ({ actor }) => actor.address,
    );
  };

  it('is the peer, whatever it says about itself', async () => {
    expect(await addresses(await start())).toEqual(['127.0.0.1']);
  });

  it('is whom a trusted proxy names', async () => {
    expect(await addresses(await start({ http: { trustedProxies: ['127.0.0.0/8'] } }))).toEqual([
      '203.0.113.7',
    ]);
    expect(await addresses(await start({ http: { trustedProxies: ['10.0.0.0/8'] } }))).toEqual(['127.0.0.1']);
  });
});

describe('a page of another origin', () => {
  const preflight = (gateway: TestGateway, origin: string) =>
    request(gateway.url)
      .options('/v1/deletions')
      .set('Origin', origin)
      .set('Access-Control-Request-Method', 'POST')
      .set('Access-Control-Request-Headers', 'authorization,content-type');

  it('may not call the API', async () => {
    const gateway = await start();
    const answer = await preflight(gateway, 'https://tools.internal');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    const get = await gateway.api().get('/v1/deletions').set('Origin', 'https://tools.internal').expect(200);
    expect(get.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('may where its origin is configured, without cookies, and no other origin may', async () => {
    const gateway = await start({ http: { corsOrigins: ['https://tools.internal'] } });
    const answer = await preflight(gateway, 'https://tools.internal').expect(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://tools.internal',
      'access-control-allow-headers': expect.stringContaining('Authorization') as string,
      vary: expect.stringContaining('Origin') as string,
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    for (const origin of ['https://evil.example', 'https://tools.internal.evil.example', 'null']) {
      const other = await preflight(gateway, origin);
      expect(other.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('every answer', () => {
  it('has the headers of helmet, and does not say what it runs on', async () => {
    const gateway = await start();
    const answer = await request(gateway.url).get('/v1/deletions').expect(401);
    expect(answer.headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'self'") as string,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
    });
    expect(answer.headers['x-powered-by']).toBeUndefined();
  });
});
