import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditParts } from '../../../test/support/audit.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { digestOf } from '../../oci/digest.js';
import { parseRegistryName } from '../../oci/names.js';
import type { EntryState, JournalEntry } from '../engine/journal.js';
import { CollectionsStore } from './collections.store.js';
import { EntriesStore } from './entries.store.js';

const [PROD, OTHER] = [parseRegistryName('prod'), parseRegistryName('other')];

const entry = (item: number, state: EntryState): JournalEntry => ({
  ...{ run: 'run-1', batch: 1, item, atMs: 1, repository: null, because: 'unlinked', sizeBytes: 10, state },
  digest: digestOf(Buffer.from(String(item))),
  files: [],
  emptyFolders: [],
});

let test: TestDatabase;
let store: EntriesStore;
beforeEach(async () => {
  test = await createTestDatabase();
  store = new EntriesStore(new CollectionsStore(test.db), auditParts(test).log, 'host/1');
});
afterEach(() => test.drop());

const noted = async () =>
  test.db.selectFrom('collection_entries').select(['registry', 'item', 'state']).orderBy('item').execute();
const events = async (): Promise<number> => {
  const { rows } = await test.pool.query<{ count: number }>(
    'select count(*)::int as count from audit_events',
  );
  return rows[0]?.count ?? 0;
};

describe('what the storage’s journal says', () => {
  it('is noted once, whoever did it', async () => {
    const journal = [entry(1, 'quarantined'), entry(2, 'purged'), entry(3, 'moving'), entry(4, 'restored')];
    for (let i = 0; i < 2; i++) await store.catchUp(test.db, PROD, journal);
    expect(await noted()).toEqual([
      { registry: 'prod', item: 1, state: 'quarantined' },
      { registry: 'prod', item: 2, state: 'purged' },
    ]);
    expect(await events()).toBe(2);
  });

  it('is forgotten once it came to its end and the journal has dropped it; the audit log keeps it', async () => {
    const whole = [entry(1, 'quarantined'), entry(2, 'purged')];
    await store.catchUp(test.db, PROD, whole);
    await store.catchUp(test.db, OTHER, [entry(2, 'purged')]);
    // The first is in neither: it did not come to an end that anybody knows of.
    await store.catchUp(test.db, PROD, []);
    expect(await noted()).toEqual([
      { registry: 'prod', item: 1, state: 'quarantined' },
      { registry: 'other', item: 2, state: 'purged' },
    ]);
    expect(await events()).toBe(3);
  });
});
