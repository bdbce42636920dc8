import { sql } from 'kysely';
import type { Db } from '../../src/database/database.js';

interface Column {
  readonly type: string;
  readonly isRequired: boolean;
}

/** A schema, as far as SQL of an older build can stumble over it. */
export interface SchemaReading {
  /** By table, then by column. Required: an INSERT that does not name it fails. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Column>>;
  /** By table: what a row must fulfil, as PostgreSQL writes it. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
}

export const readSchema = async (db: Db): Promise<SchemaReading> => {
  const columns = await sql<{ table: string; column: string; type: string; isRequired: boolean }>`
    select table_name as table, column_name as column, udt_name as type,
           is_nullable = 'NO' and column_default is null and is_identity = 'NO' as "isRequired"
    from information_schema.columns where table_schema = 'public' order by 1, 2`.execute(db);
  const tables = new Map<string, Map<string, Column>>();
  for (const { table, column, ...rest } of columns.rows) {
    tables.set(table, (tables.get(table) ?? new Map<string, Column>()).set(column, rest));
  }
  // Unique indexes too: not every one is a constraint.
  const found = await sql<{ table: string; rule: string }>`
    select conrelid::regclass::text as table, pg_get_constraintdef(oid) as rule
    from pg_constraint where contype in ('c', 'f', 'x') and connamespace = 'public'::regnamespace
    union all
    select indrelid::regclass::text, regexp_replace(pg_get_indexdef(indexrelid), ' INDEX [^ ]+ ', ' INDEX ')
    from pg_index where indisunique and indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
    order by 1, 2`.execute(db);
  const rules = new Map<string, string[]>();
  for (const { table, rule } of found.rows) rules.set(table, [...(rules.get(table) ?? []), rule]);
  return { tables, rules };
};

/** What a build that knows only `before` could no longer do on `after`; empty where the change only expands. */
export const contractions = (before: SchemaReading, after: SchemaReading): string[] => {
  const problems: string[] = [];
  for (const [table, columns] of before.tables) {
    const now = after.tables.get(table);
    if (!now) {
      problems.push(`table ${table} is gone`);
      continue;
    }
    for (const [column, { type, isRequired }] of columns) {
      const still = now.get(column);
      if (!still) problems.push(`column ${table}.${column} is gone`);
      else if (still.type !== type) problems.push(`column ${table}.${column} is ${still.type}, was ${type}`);
      else if (still.isRequired && !isRequired) problems.push(`column ${table}.${column} is required now`);
    }
    for (const [column, { isRequired }] of now) {
      if (isRequired && !columns.has(column)) problems.push(`new column ${table}.${column} is required`);
    }
    const known = before.rules.get(table) ?? [];
    for (const rule of after.rules.get(table) ?? []) {
      if (!known.includes(rule)) problems.push(`new rule on ${table}: ${rule}`);
    }
  }
  return problems;
};
