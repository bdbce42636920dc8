import type { ColumnType } from 'kysely';

type Timestamp = ColumnType<Date, Date, Date>;

export interface PausesTable {
  id: string;
  /** Null: every registry. */
  registry: string | null;
  reason: string;
  created_at: Timestamp;
  created_by_id: string;
  created_by_name: string;
  ended_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** By whom it was ended, and why. */
  ended: ColumnType<object | null, never, string>;
}

/** Registries that failed so often in a row that a process leaves them alone for a moment. */
export interface ParkedRegistriesTable {
  registry: string;
  worker: string;
  reason: string;
  since: Timestamp;
  until: Timestamp;
}
