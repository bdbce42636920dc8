import { z } from 'zod';
import { PERMISSIONS, ROLES, type Permission } from './permissions.js';

/** Answer of `GET /v1/me`. */
export const meSchema = z
  .object({
    id: z.string().describe('As it stands in the audit log, and as requestedBy.id of a deletion.'),
    name: z.string(),
    role: z.enum(ROLES),
    scopes: z.array(z.string()).describe('Where: admins need none, and auditors none to read.'),
    permissions: z
      .array(z.enum(PERMISSIONS as [Permission, ...Permission[]]))
      .describe('What the role may do at all, where the scopes allow it.'),
  })
  .meta({
    id: 'Me',
    example: {
      id: 'key_01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      name: 'team-a ci',
      role: 'requester',
      scopes: ['prod/team-a/**:delete,read'],
      permissions: ['self:read', 'deletions:create', 'deletions:read'],
    },
  });

export type MeView = z.infer<typeof meSchema>;
