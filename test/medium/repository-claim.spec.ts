import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  readClaims,
  withRepositoryClaim,
  type RepositoryClaim,
} from '../../src/execution/repository-claim.js';
import { parseRegistryName, parseRepositoryName } from '../../src/oci/names.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
const prod = parseRegistryName('prod');
const app = parseRepositoryName('team-a/app');
const other = parseRepositoryName('team-a/other');

const deferred = () => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
};

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database?.drop();
});

describe('the claim of a repository', () => {
  it('lets one in; another is turned away at once, and let in afterwards; other repositories are free', async () => {
    const inside = deferred();
    const leave = deferred();
    const first = withRepositoryClaim(database.db, prod, app, async () => {
      inside.resolve();
      await leave.promise;
      return 'first';
    });
    await inside.promise;
    expect(await withRepositoryClaim(database.db, prod, app, async () => 'second')).toBeNull();
    expect(await withRepositoryClaim(database.db, prod, other, async () => 'other')).toBe('other');
    const isClaimed = await readClaims(database.db);
    expect([isClaimed(prod, app), isClaimed(prod, other)]).toEqual([true, false]);
    leave.resolve();
    expect(await first).toBe('first');
    expect(await withRepositoryClaim(database.db, prod, app, async () => 'third')).toBe('third');
    expect((await readClaims(database.db))(prod, app)).toBe(false);
  });

  it('is given back when the work throws', async () => {
    const failing = withRepositoryClaim(database.db, prod, app, () =>
      Promise.reject(new Error('the work failed')),
    );
    await expect(failing).rejects.toThrow('the work failed');
    expect(await withRepositoryClaim(database.db, prod, app, async () => 'next')).toBe('next');
  });

  it('of a hundred at once, never two at the same time', async () => {
    let inside = 0;
    let most = 0;
    let worked = 0;
    await Promise.all(
      Array.from({ length: 100 }, () =>
        withRepositoryClaim(database.db, prod, app, async (claim) => {
          inside += 1;
          most = Math.max(most, inside);
          await claim.assertHeld();
          worked += 1;
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(worked).toBeGreaterThan(0);
  });

  it('that was lost with its connection stops the old holder before it deletes, while a successor works', async () => {
    const successor = deferred();
    const lost = withRepositoryClaim(
      database.db,
      prod,
      app,
      async (claim) => {
        const { rows } = await database.pool.query<{ pid: number }>(
          `select pid from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`,
        );
        // Waits until the session has ended: only then its lock is free.
        for (const { pid } of rows)
          await database.pool.query('select pg_terminate_backend($1, 10000)', [pid]);
        const next = await withRepositoryClaim(database.db, prod, app, async () => {
          successor.resolve();
          return 'successor';
        });
        expect(next).toBe('successor');
        await claim.assertHeld();
        return 'deleted although the claim was gone';
      },
      -1,
    );
    await expect(lost).rejects.toThrow();
    await successor.promise;
  });

  it('that was lost stops the old holder also while its last proof is fresh', async () => {
    const lost = withRepositoryClaim(database.db, prod, app, async (claim) => {
      await claim.assertHeld();
      const ended = new Promise((resolve) => claim.lost.addEventListener('abort', resolve, { once: true }));
      await database.pool.query(
        `select pg_terminate_backend(pid, 10000) from pg_locks
         where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`,
      );
      await ended;
      await claim.assertHeld();
      return 'deleted although the claim was gone';
    });
    await expect(lost).rejects.toThrow('lost');
  });

  it('is proved anew once the last proof is old, and again where the proof itself took so long', async () => {
    const asked = vi.spyOn(pg.Client.prototype, 'query');
    const proofs = () =>
      asked.mock.calls.filter(([query]) => JSON.stringify(query).includes('select 1')).length;
    const minuteMs = 60_000;
    const work = async (claim: RepositoryClaim): Promise<void> => {
      await claim.assertHeld();
      expect(proofs()).toBe(0);
      const fromMs = performance.now();
      // The first answer takes more than a minute, in which the claim may have been lost and won by another.
      const times = [1, 1, 2.1].map((minutes) => fromMs + minutes * minuteMs + 1);
      const clock = vi
        .spyOn(performance, 'now')
        .mockImplementation(() => times.shift() ?? fromMs + 2.1 * minuteMs);
      await claim.assertHeld().finally(() => clock.mockRestore());
      expect(proofs()).toBe(2);
    };
    await withRepositoryClaim(database.db, prod, app, work, minuteMs).finally(() => asked.mockRestore());
  });
});
