import type {
  AuditCheckpointsTable,
  AuditConfigurationTable,
  AuditEventsTable,
  AuditForwardingTable,
  AuditSealsTable,
  AuditUnsealedTable,
} from '../audit/audit.tables.js';
import type {
  CollectionEntriesTable,
  CollectionFindingsTable,
  CollectionRegistriesTable,
  CollectionsTable,
} from '../collections/service/collections.tables.js';
import type {
  DeletionsTable,
  DeletionTargetsTable,
  IdempotencyKeysTable,
  TombstonesTable,
} from '../deletions/deletions.tables.js';
import type { HoldsTable } from '../holds/holds.table.js';
import type { ApiKeysTable } from '../identity/api-keys.table.js';
import type { RegistryTokenSecretsTable } from '../identity/registry-tokens/token-secrets.table.js';
import type {
  WebhookDeliveriesTable,
  WebhookFeedTable,
  WebhooksTable,
} from '../notifications/webhooks/webhooks.tables.js';
import type { ParkedRegistriesTable, PausesTable } from '../pause/pauses.tables.js';

/** One row: the last migration of the oldest build that may still work on this schema. */
interface SchemaCompatibilityTable {
  id: 1;
  oldest_build: string;
}

/** Every table, by its name. Each feature describes its own rows beside its SQL. */
export interface Database {
  api_keys: ApiKeysTable;
  audit_checkpoints: AuditCheckpointsTable;
  audit_configuration: AuditConfigurationTable;
  audit_events: AuditEventsTable;
  audit_forwarding: AuditForwardingTable;
  audit_seals: AuditSealsTable;
  audit_unsealed: AuditUnsealedTable;
  collections: CollectionsTable;
  collection_entries: CollectionEntriesTable;
  collection_findings: CollectionFindingsTable;
  collection_registries: CollectionRegistriesTable;
  deletions: DeletionsTable;
  holds: HoldsTable;
  deletion_targets: DeletionTargetsTable;
  tombstones: TombstonesTable;
  idempotency_keys: IdempotencyKeysTable;
  parked_registries: ParkedRegistriesTable;
  pauses: PausesTable;
  registry_token_secrets: RegistryTokenSecretsTable;
  schema_compatibility: SchemaCompatibilityTable;
  webhooks: WebhooksTable;
  webhook_deliveries: WebhookDeliveriesTable;
  webhook_feed: WebhookFeedTable;
}
