import { sql, type Kysely, type Migration } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, createPool } from '../../src/database/database.js';
import { migrateToLatest, THIS_BUILD, type Build } from '../../src/database/migrate.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway } from '../support/gateway.js';
import { contractions, readSchema } from './schema-reading.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase('empty');
});
afterEach(() => database.drop());

const statement =
  (text: string): Migration['up'] =>
  async (db: Kysely<unknown>) => {
    await sql.raw(text).execute(db);
  };

const NAMES = Object.keys(THIS_BUILD.migrations);
const LAST = NAMES.at(-1) ?? '';
const FUTURE = '9000-future';

/** The next version: this build and one more migration. */
const nextBuild = (change: string, oldestBuild = LAST): Build => ({
  migrations: { ...THIS_BUILD.migrations, [FUTURE]: { up: statement(change) } },
  oldestBuild,
});
const ADDITIVE =
  'alter table deletions add column future text; create table future_things (id text primary key)';

const executed = async (): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
    database.db,
  );
  return rows.map(({ name }) => name);
};

describe('a migration', () => {
  it.each(NAMES.map((name, index) => [name, index] as const))(
    '%s leaves the schema usable for the build before it',
    async (name, index) => {
      const upTo = (count: number): Build => ({
        ...THIS_BUILD,
        migrations: Object.fromEntries(Object.entries(THIS_BUILD.migrations).slice(0, count)),
      });
      // Before 0011 there is no table to note the oldest build in.
      const migrateTo = (count: number) =>
        migrateToLatest(database.db, upTo(count)).catch(ignoreMissingTable);
      if (index > 0) await migrateTo(index);
      const before = await readSchema(database.db);
      await migrateTo(index + 1);
      expect(await executed()).toContain(name);
      expect(contractions(before, await readSchema(database.db))).toEqual([]);
    },
  );

  it.each([
    ['drops a table', 'drop table idempotency_keys', 'table idempotency_keys is gone'],
    ['drops a column', 'alter table deletions drop column ticket', 'column deletions.ticket is gone'],
    ['renames a column', 'alter table deletions rename ticket to issue', 'column deletions.ticket is gone'],
    [
      'changes a type',
      'alter table deletions alter attempts type text',
      'column deletions.attempts is text, was int4',
    ],
    [
      'requires a new column',
      'alter table holds add column proof text not null',
      'new column holds.proof is required',
    ],
    [
      'requires an old column',
      'alter table holds alter tags set not null',
      'column holds.tags is required now',
    ],
    [
      'takes a default away',
      'alter table deletions alter run_in drop default',
      'column deletions.run_in is required now',
    ],
    [
      'restricts what rows may say',
      `alter table holds add check (owner <> '')`,
      `new rule on holds: CHECK ((owner <> ''::text))`,
    ],
    [
      'makes something unique',
      'create unique index one_owner on holds (owner)',
      'new rule on holds: CREATE UNIQUE INDEX ON public.holds USING btree (owner)',
    ],
  ])('that %s would be found', async (_, change, problem) => {
    await migrateToLatest(database.db);
    const before = await readSchema(database.db);
    await sql.raw(change).execute(database.db);
    expect(contractions(before, await readSchema(database.db))).toEqual([problem]);
  });
});

const ignoreMissingTable = (error: unknown): void => {
  if (!String(error).includes('schema_compatibility')) throw error;
};

describe('of two versions', () => {
  let registry: RegistryServer;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.stop());

  it('the older one starts and deletes on the schema of the next', async () => {
    await migrateToLatest(database.db, nextBuild(ADDITIVE));
    const gateway = await startTestGateway({ registries: [registryOptions('prod', registry.url)], database });
    await pushImage(
      { registryUrl: registry.url, repository: 'team-a/app' },
      { tags: ['v1'], content: 'old' },
    );
    const body = { registry: 'prod', repository: 'team-a/app', references: ['v1'] };
    expect(await deleteAndWait(gateway.api(), body)).toMatchObject({ state: 'succeeded' });
    await gateway.stop();
    expect(await executed()).toEqual([...NAMES, FUTURE]);
    // The older one does not take back what the newer one said.
    const { rows } = await sql`select oldest_build from schema_compatibility`.execute(database.db);
    expect(rows).toEqual([{ oldest_build: LAST }]);
  });

  it('the older one does not start where the schema no longer serves it, and changes nothing', async () => {
    await migrateToLatest(database.db, nextBuild('alter table deletions drop column ticket', FUTURE));
    await expect(migrateToLatest(database.db)).rejects.toThrow(
      `belongs to a newer version of Sexton (migration ${FUTURE}), which serves versions from ${FUTURE} on`,
    );
    expect(await executed()).toEqual([...NAMES, FUTURE]);
  });

  it('neither starts on a database with another history', async () => {
    const other = { ...THIS_BUILD.migrations, '0005-something-else': { up: statement('select 1') } };
    await migrateToLatest(database.db, { ...THIS_BUILD, migrations: sorted(other) });
    await expect(migrateToLatest(database.db)).rejects.toThrow('another history');
  });

  it('the older one does not fill in what a newer database never had', async () => {
    const { [LAST]: _, ...rest } = THIS_BUILD.migrations;
    const without = { ...rest, [FUTURE]: { up: statement('select 1') } };
    await migrateToLatest(database.db, { ...THIS_BUILD, migrations: without }).catch(ignoreMissingTable);
    await expect(migrateToLatest(database.db)).rejects.toThrow(
      `another history than this version of Sexton: see migration ${LAST}`,
    );
    expect(await executed()).not.toContain(LAST);
  });

  it('both may start at once on an empty database, several of each', async () => {
    const builds = [THIS_BUILD, nextBuild(ADDITIVE), THIS_BUILD, nextBuild(ADDITIVE), THIS_BUILD];
    await Promise.all(
      builds.map(async (build) => {
        const db = createDatabase(createPool(database.url, 2));
        await migrateToLatest(db, build).finally(() => db.destroy());
      }),
    );
    expect(await executed()).toEqual([...NAMES, FUTURE]);
  });
});

const sorted = (migrations: Build['migrations']): Build['migrations'] =>
  Object.fromEntries(Object.entries(migrations).sort(([a], [b]) => (a < b ? -1 : 1)));
