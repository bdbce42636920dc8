import type { AuditLog } from '../../audit/audit-log.js';
import type { AuditAction } from '../../audit/audit-event.js';
import type { Db, Tx } from '../../database/database.js';
import type { RegistryName } from '../../oci/names.js';
import {
  entryId,
  type EntryName,
  type EntryState,
  type JournalEntry,
  type QuarantineEntry,
} from '../engine/journal.js';
import { collectionAudit, type AuditedCollection } from './collection-audit.js';
import type { CollectionsStore } from './collections.store.js';

const ROWS_A_STATEMENT = 500;

/** What of a journal's states is worth an audit event; the others are on the way to one of these. */
const ACTIONS: Partial<Readonly<Record<EntryState, AuditAction>>> = {
  quarantined: 'collection.batch_quarantined',
  restored: 'collection.batch_restored',
  purged: 'collection.batch_purged',
};

/** Nothing becomes of an entry after these. */
const ENDED: readonly EntryState[] = ['restored', 'purged'];

/** Runs of `sexton storage collect` are nobody's collection. */
const COMMAND_LINE = { id: 'storage', name: 'sexton storage', address: null };

/**
 * What became of each thing that the storage's journal knows, in PostgreSQL: counters, and one audit event with the
 * digests for each batch, in the transaction that notes its new state.
 */
export class EntriesStore {
  constructor(
    private readonly store: CollectionsStore,
    private readonly audit: AuditLog,
    private readonly worker: string,
  ) {}

  /** Notes that `entries` are in `state` now. Entries that are noted so already are left alone. */
  async record(
    db: Db,
    registry: RegistryName,
    entries: readonly QuarantineEntry[],
    state: EntryState,
  ): Promise<void> {
    if (ACTIONS[state] === undefined) return;
    for (const batch of byBatch(entries)) {
      await db.transaction().execute((tx) => this.recordBatch(tx, registry, batch, state));
    }
  }

  /**
   * Notes what the journal says and this does not know yet: what moved just before a process died, and what the
   * command line did.
   */
  async catchUp(db: Db, registry: RegistryName, journal: readonly JournalEntry[]): Promise<void> {
    const known = await db
      .selectFrom('collection_entries')
      .select(['run', 'batch', 'item', 'state'])
      .where('registry', '=', registry)
      .execute();
    const states = new Map(known.map((row) => [entryId(row), row.state]));
    const isLate = (entry: JournalEntry): boolean => {
      const noted = states.get(entryId(entry));
      // What came back before it was noted as taken away is as it was.
      return noted !== entry.state && !(entry.state === 'restored' && noted === undefined);
    };
    for (const state of ['quarantined', 'restored', 'purged'] as const) {
      const late = journal.filter((entry) => entry.state === state && isLate(entry));
      await this.record(db, registry, late, state);
    }
    const listed = new Set(journal.map(entryId));
    const forgotten = known.filter((row) => ENDED.includes(row.state) && !listed.has(entryId(row)));
    for (let from = 0; from < forgotten.length; from += ROWS_A_STATEMENT) {
      await this.forget(db, registry, forgotten.slice(from, from + ROWS_A_STATEMENT));
    }
  }

  /** The journal dropped them long after their end; the audit log keeps what became of them. */
  private async forget(db: Db, registry: RegistryName, rows: readonly EntryName[]): Promise<void> {
    await db
      .deleteFrom('collection_entries')
      .where('registry', '=', registry)
      .where((eb) =>
        eb(
          eb.refTuple('run', 'batch', 'item'),
          'in',
          rows.map(({ run, batch, item }) => eb.tuple(run, batch, item)),
        ),
      )
      .execute();
  }

  private async recordBatch(
    tx: Tx,
    registry: RegistryName,
    batch: readonly QuarantineEntry[],
    state: EntryState,
  ): Promise<void> {
    const [first] = batch;
    const action = ACTIONS[state];
    if (first === undefined || action === undefined) return;
    for (let from = 0; from < batch.length; from += ROWS_A_STATEMENT) {
      const rows = batch.slice(from, from + ROWS_A_STATEMENT).map((entry) => ({
        registry,
        run: entry.run,
        batch: entry.batch,
        item: entry.item,
        digest: entry.digest,
        repository: entry.repository,
        because: entry.because,
        size_bytes: entry.sizeBytes,
        state,
        changed_at: new Date(),
      }));
      await tx
        .insertInto('collection_entries')
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .columns(['registry', 'run', 'batch', 'item'])
            .doUpdateSet({ state, changed_at: new Date() }),
        )
        .execute();
    }
    const blobs = batch.filter((entry) => entry.repository === null);
    const total = { count: blobs.length, bytes: blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    const none = { count: 0, bytes: 0 };
    await this.store.count(tx, first.run, {
      batches: state === 'quarantined' ? 1 : 0,
      quarantined: state === 'quarantined' ? total : none,
      restored: state === 'restored' ? total : none,
      purged: state === 'purged' ? total : none,
    });
    const row: AuditedCollection = (await this.store.find(first.run, tx)) ?? {
      id: first.run,
      registry,
      requested_by_id: COMMAND_LINE.id,
      requested_by_name: COMMAND_LINE.name,
      requested_by_address: COMMAND_LINE.address,
      reason: null,
      ticket: null,
      request_id: null,
    };
    const links = batch.filter((entry) => entry.repository !== null);
    await this.audit.record(
      tx,
      collectionAudit(row, action, 'succeeded', {
        bytes: total.bytes,
        details: {
          batch: first.batch,
          blobs: total.count,
          digests: blobs.map(({ digest }) => digest),
          ...(links.length > 0 && {
            untagged: links.map(({ digest, repository }) => ({ digest, repository })),
          }),
          worker: this.worker,
        },
      }),
    );
  }
}

const byBatch = (entries: readonly QuarantineEntry[]): QuarantineEntry[][] => {
  const batches = new Map<string, QuarantineEntry[]>();
  for (const entry of entries) {
    const key = `${entry.run}/${entry.batch}`;
    const batch = batches.get(key);
    if (batch) batch.push(entry);
    else batches.set(key, [entry]);
  }
  return [...batches.values()];
};
