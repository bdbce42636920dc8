import { z } from 'zod';
import { momentSchema } from '../http/moment.js';
import { storableText } from '../http/plain-text.js';
import { digestSchema } from '../oci/digest.js';
import { registryNameSchema, repositoryNameSchema, tagSchema } from '../oci/names.js';
import { AUDIT_ACTIONS, AUDIT_OUTCOMES } from './audit-event.js';

const text = storableText(z.string().min(1).max(200));

/** What both the list and the export of events can be narrowed by; every filter is exact but `tag` and `q`, and all must hold. */
export const auditFiltersSchema = z.strictObject({
  registry: registryNameSchema.optional(),
  repository: repositoryNameSchema.optional(),
  actor: text.optional().describe("The actor's id."),
  actorName: text.optional(),
  actorAddress: text.optional().describe("The client's network address."),
  action: z.enum(AUDIT_ACTIONS).optional(),
  deletion: text.optional().describe("The deletion's id."),
  reference: text.optional().describe('Tag or digest, as it was named in the request.'),
  tag: tagSchema.optional().describe('A tag that was named, or that went along with its manifest.'),
  digest: digestSchema.optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  code: text.optional(),
  ticket: text.optional(),
  requestId: text.optional(),
  since: momentSchema.optional().describe('At or after.'),
  until: momentSchema.optional().describe('Before.'),
  q: text
    .optional()
    .describe(
      'Words of the reason, in any case and order; "several words" in a row, or, -without (as web searches have it).',
    ),
});

export type AuditFilters = z.infer<typeof auditFiltersSchema>;
