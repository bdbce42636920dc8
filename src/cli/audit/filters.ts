import { z } from 'zod';
import type { paths } from '../../public-api/openapi.js';

type Query = NonNullable<paths['/v1/audit/events']['get']['parameters']['query']>;

/** What the API knows of actions is checked there, so that a new one needs no new command. */
const isAction = (text: string): text is NonNullable<Query['action']> => /^[a-z_]+\.[a-z_]+$/.test(text);

export const filtersSchema = z.object({
  registry: z.string().exactOptional(),
  repository: z.string().exactOptional(),
  actor: z.string().exactOptional(),
  actorName: z.string().exactOptional(),
  actorAddress: z.string().exactOptional(),
  action: z.string().refine(isAction, '--action is such as target.deleted').exactOptional(),
  deletion: z.string().exactOptional(),
  reference: z.string().exactOptional(),
  tag: z.string().exactOptional(),
  digest: z.string().exactOptional(),
  outcome: z.enum(['accepted', 'succeeded', 'refused', 'failed']).exactOptional(),
  code: z.string().exactOptional(),
  ticket: z.string().exactOptional(),
  requestId: z.string().exactOptional(),
  since: z.string().exactOptional(),
  until: z.string().exactOptional(),
  q: z.string().exactOptional(),
});
