import 'reflect-metadata';
import { Controller, Get, Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { DATABASE, type Db } from '../database/database.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { generateApiKey } from './api-key.js';
import { ApiKeysStore } from './api-keys.store.js';
import type { Caller } from './caller.js';
import { CurrentCaller, Public, Requires } from './decorators.js';
import { createLogger, LOGGER } from '../telemetry/logger.js';
import { OIDC_OPTIONS, OidcStrategy } from './oidc/oidc.strategy.js';
import { RateLimits } from './rate-limit/rate-limits.js';
import { FAILED_LOGIN, PermissionGuard } from './permission.guard.js';
import { RegistryTokenStrategy } from './registry-tokens/registry-token.strategy.js';
import { RegistryTokens } from './registry-tokens/registry-tokens.js';
import { TokenSecretsStore } from './registry-tokens/token-secrets.store.js';
import type { Role } from './permissions.js';

@Controller('plain')
class PlainController {
  @Get('undecorated')
  undecorated(): string {
    return 'reached';
  }

  @Get('public')
  @Public()
  open(): string {
    return 'reached';
  }

  @Get('keys')
  @Requires('keys:manage')
  keys(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }

  @Get('read')
  @Requires('deletions:read')
  read(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }
}

@Controller('open')
@Public()
class OpenController {
  @Get('page')
  page(): string {
    return 'reached';
  }

  @Get('keys')
  @Requires('keys:manage')
  keys(): string {
    return 'reached';
  }
}

const failures: { code: string; path: string }[] = [];

@Module({})
class TestModule {
  static on(db: Db): DynamicModule {
    return {
      module: TestModule,
      controllers: [PlainController, OpenController],
      providers: [
        { provide: DATABASE, useValue: db },
        ApiKeysStore,
        ApiKeyStrategy,
        { provide: OIDC_OPTIONS, useValue: null },
        { provide: LOGGER, useValue: createLogger('silent') },
        OidcStrategy,
        TokenSecretsStore,
        RegistryTokens,
        RegistryTokenStrategy,
        {
          provide: RateLimits,
          useValue: new RateLimits({ requests: 1_000, failedLogins: 1_000, perSeconds: 60 }, null),
        },
        {
          provide: FAILED_LOGIN,
          useValue: ({ code, path }: { code: string; path: string }) => failures.push({ code, path }),
        },
        { provide: APP_GUARD, useClass: PermissionGuard },
        { provide: APP_FILTER, useFactory: () => new ProblemFilter(() => undefined) },
      ],
    };
  }
}

interface World {
  readonly database: TestDatabase;
  readonly app: INestApplication;
  readonly url: string;
}

const startWorld = async (): Promise<World> => {
  const database = await createTestDatabase();
  const app = await NestFactory.create(TestModule.on(database.db), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { database, app, url: await app.getUrl() };
};

const stopWorld = async ({ app, database }: World): Promise<void> => {
  await app.close();
  await database.drop();
};

let one: World;
let two: World;

beforeAll(async () => {
  one = await startWorld();
  two = await startWorld();
});

afterAll(async () => {
  await stopWorld(one);
  await stopWorld(two);
});

beforeEach(() => {
  failures.length = 0;
});

const store = (world: World) => new ApiKeysStore(world.database.db);

const aKey = async (
  world: World,
  id: string,
  key: { role?: Role; expiresAt?: Date } = {},
): Promise<string> => {
  const secret = generateApiKey();
  await store(world).insert(world.database.db, {
    id,
    name: `name of ${id}`,
    secret,
    role: key.role ?? 'requester',
    scopes: ['prod/team-a/**:delete'],
    createdAt: new Date(),
    createdBy: 'test',
    owner: null,
    expiresAt: key.expiresAt ?? null,
  });
  return secret;
};

const get = (world: World, path: string, secret?: string) => {
  const test = request(world.url).get(path);
  return secret === undefined ? test : test.set('Authorization', `Bearer ${secret}`);
};

describe('a route', () => {
  it('that says neither who may use it nor that everyone may is open to nobody, not even an admin', async () => {
    const admin = await aKey(one, 'key_undecorated', { role: 'admin' });
    const response = await get(one, '/plain/undecorated', admin).expect(403);
    expect(response.body).toMatchObject({ code: 'forbidden' });
    await get(one, '/plain/undecorated').expect(403);
  });

  it('that is public needs no key, also by its controller', async () => {
    await get(one, '/plain/public').expect(200, 'reached');
    await get(one, '/open/page').expect(200, 'reached');
  });

  it('that needs a permission keeps it in a controller that is public', async () => {
    await get(one, '/open/keys').expect(401);
    await get(one, '/open/keys', await aKey(one, 'key_in_public')).expect(403);
  });

  it('lets through whose role has its permission, and hands over who that is', async () => {
    const secret = await aKey(one, 'key_requester');
    const response = await get(one, '/plain/read', secret).expect(200);
    expect(response.body).toMatchObject({
      id: 'key_requester',
      name: 'name of key_requester',
      role: 'requester',
      scopes: ['prod/team-a/**:delete'],
    });
    const refused = await get(one, '/plain/keys', secret).expect(403);
    expect((refused.body as { detail: string }).detail).toContain('requester has no permission keys:manage');
    expect(failures).toEqual([]);
  });
});

describe('a key', () => {
  it('is taken from the header only', async () => {
    const secret = await aKey(one, 'key_elsewhere');
    await request(one.url).get('/plain/read').query({ access_token: secret, api_key: secret }).expect(401);
    await request(one.url).get('/plain/read').set('Cookie', `access_token=${secret}`).expect(401);
    await request(one.url).get('/plain/read').auth('anyone', secret).expect(200);
  });

  it('of one gateway is none of another in the same process', async () => {
    const secret = await aKey(one, 'key_of_one');
    await get(one, '/plain/read', secret).expect(200);
    await get(two, '/plain/read', secret).expect(401);
    await get(two, '/plain/read', await aKey(two, 'key_of_two')).expect(200);
  });

  it('that expired is told so; one that was revoked, or is none, is only told that it is none', async () => {
    const expired = await aKey(one, 'key_expired', { expiresAt: new Date(Date.now() - 1) });
    const revoked = await aKey(one, 'key_revoked', { expiresAt: new Date(Date.now() - 1) });
    await store(one).revoke(one.database.db, 'key_revoked', new Date());
    for (const [secret, code] of [
      [expired, 'key_expired'],
      [revoked, 'unauthenticated'],
      [generateApiKey(), 'unauthenticated'],
      ['sxt_short', 'unauthenticated'],
      ['x'.repeat(10_000), 'unauthenticated'],
    ] as const) {
      const response = await get(one, '/plain/read', secret).expect(401);
      expect(response.body).toMatchObject({ code });
      expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="sexton", Basic realm="sexton"/);
      expect(response.text).not.toContain(secret);
    }
    expect(failures.map(({ code }) => code)).toEqual([
      'key_expired',
      'unauthenticated',
      'unauthenticated',
      'unauthenticated',
      'unauthenticated',
    ]);
  });

  it('notes its use once a minute', async () => {
    const keys = store(one);
    const secret = await aKey(one, 'key_used');
    const used = async () => (await keys.find('key_used'))?.last_used_at?.getTime();
    await get(one, '/plain/read', secret).expect(200);
    const first = await used();
    await get(one, '/plain/read', secret).expect(200);
    expect(await used()).toBe(first);
    const row = await keys.find('key_used');
    if (!row || first === undefined) throw new Error('there is no such key');
    await keys.noteUse(row, new Date(first + 60_000));
    expect(await used()).toBe(first + 60_000);
  });
});
