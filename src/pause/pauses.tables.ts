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
}

/** Registries that failed so often in a row that they are left alone for a moment. */
export interface ParkedRegistriesTable {
  registry: string;
  since: Timestamp;
  until: Timestamp;
  message: string;
}
