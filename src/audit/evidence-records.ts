import { z } from 'zod';
import { canonicalEvent } from './canonical-event.js';
import type { AuditEvent, JsonValue } from './audit-event.js';
import type { Seal } from './chain.js';
import type { Checkpoint } from './checkpoint.js';

/**
 * The lines of an NDJSON export, and of what is forwarded to a file: all that verification needs without a server.
 *
 *     {"type":"header", …}        first line of an export
 *     {"type":"event", …}         an event with its seal, in the order of the chain
 *     {"type":"checkpoint", …}    after the event that it signs
 *     {"type":"end", …}           last line of an export; without it the file was cut off
 */
export const EXPORT_FORMAT = 'sexton-audit/1';

const hash = z.string();
const sequence = z.number().int().min(0);
const nullableText = z.string().nullable();

const headerSchema = z.strictObject({
  type: z.literal('header'),
  format: z.literal(EXPORT_FORMAT),
  exportedAt: z.string(),
  exportedBy: z.strictObject({ id: z.string(), name: z.string() }),
  /** Whether every event up to `upTo` is in the file. */
  contiguous: z.boolean(),
  filters: z.record(z.string(), z.string()),
  upTo: z.strictObject({ sequence, hash }),
});

const jsonSchema: z.ZodType<JsonValue> = z.json();

const eventSchema = z.strictObject({
  type: z.literal('event'),
  sequence,
  hash,
  previousHash: hash,
  id: z.string(),
  at: z.string(),
  action: z.string(),
  actor: z.strictObject({ id: z.string(), name: z.string(), address: nullableText }),
  outcome: z.string(),
  code: nullableText,
  registry: nullableText,
  repository: nullableText,
  reference: nullableText,
  digest: nullableText,
  bytes: z.number().int().nullable(),
  reason: nullableText,
  ticket: nullableText,
  requestId: nullableText,
  deletionId: nullableText,
  details: z.record(z.string(), jsonSchema),
});

const checkpointSchema = z.strictObject({
  type: z.literal('checkpoint'),
  number: z.number().int().min(1),
  sequence,
  hash,
  at: z.string(),
  keyId: z.string(),
  signature: z.string(),
});

const endSchema = z.strictObject({
  type: z.literal('end'),
  events: z.number().int().min(0),
  upTo: z.strictObject({ sequence, hash }),
  sha256: z.string().describe('Of every byte before this line.'),
  keyId: nullableText,
  signature: nullableText,
});

/** Strict: a field that no hash covers is not evidence. */
const recordSchema = z.discriminatedUnion('type', [headerSchema, eventSchema, checkpointSchema, endSchema]);

export type EvidenceRecord = z.infer<typeof recordSchema>;
export type HeaderRecord = z.infer<typeof headerSchema>;
export type EventRecord = z.infer<typeof eventSchema>;
export type CheckpointRecord = z.infer<typeof checkpointSchema>;
export type EndRecord = z.infer<typeof endSchema>;

/** One line; null when it is not one that Sexton writes. */
export const parseRecord = (line: string): EvidenceRecord | null => {
  try {
    return recordSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
};

export const recordLine = (record: EvidenceRecord): string => `${JSON.stringify(record)}\n`;

export const eventRecord = (seal: Seal, event: AuditEvent): EventRecord => ({
  type: 'event',
  sequence: seal.sequence,
  hash: seal.hash,
  previousHash: seal.previousHash,
  ...(canonicalEvent(event) as Omit<EventRecord, 'type' | 'sequence' | 'hash' | 'previousHash'>),
});

export const checkpointRecord = (checkpoint: Checkpoint): CheckpointRecord => ({
  type: 'checkpoint',
  ...checkpoint,
});

/** The seal and the event that a line holds. */
export const linkOf = ({
  type: _type,
  sequence: number,
  hash: sealed,
  previousHash,
  ...event
}: EventRecord): { seal: Seal; event: AuditEvent } => ({
  seal: { sequence: number, eventId: event.id, previousHash, hash: sealed },
  event: { ...event, at: new Date(event.at) },
});
