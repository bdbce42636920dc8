import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** Append-only: the database refuses UPDATE, DELETE and TRUNCATE. */
export interface AuditEventsTable {
  /** Order of recording, not of commit: a transaction that commits late may show a lower position than its elders. */
  position: GeneratedAlways<number>;
  id: string;
  /** Set by the database, so that all processes share one clock. */
  at: Generated<Date>;
  action: string;
  actor_id: string;
  actor_name: string;
  actor_address: string | null;
  outcome: string;
  code: string | null;
  registry: string | null;
  repository: string | null;
  reference: string | null;
  digest: string | null;
  bytes: number | null;
  reason: string | null;
  ticket: string | null;
  request_id: string | null;
  deletion_id: string | null;
  /** jsonb; written as JSON text. */
  details: ColumnType<unknown, string, never>;
}

/** Append-only: one seal for each event, in the order of the chain. */
export interface AuditSealsTable {
  sequence: number;
  event_position: number;
  event_id: string;
  previous_hash: string;
  hash: string;
  sealed_at: Generated<Date>;
}

/** The sealer's outbox: a trigger fills it in the transaction that records the event. */
export interface AuditUnsealedTable {
  event_position: number;
}

/** Append-only: signed heads of the chain, numbered 1, 2, 3 … */
export interface AuditCheckpointsTable {
  number: number;
  sequence: number;
  hash: string;
  at: Date;
  key_id: string;
  signature: string;
}

/** How far each destination was brought; the cursor of forwarding. */
export interface AuditForwardingTable {
  destination: string;
  sequence: number;
  checkpoint: number;
  updated_at: Generated<Date>;
}

/** What the configuration was at the last start. */
export interface AuditConfigurationTable {
  id: number;
  digest: string;
  /** jsonb: the hash of each value by its path; written as JSON text. */
  paths: ColumnType<unknown, string, string>;
}
