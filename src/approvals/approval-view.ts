import { z } from 'zod';
import type { Approval } from './approval.js';

export const approvalSchema = z
  .object({
    planHash: z.string().describe('The plan that is approved, and no other.'),
    needed: z.number().int().describe('How many people must approve.'),
    rules: z
      .array(z.object({ name: z.string(), because: z.string() }))
      .describe('Why, by the rules as they were when it was asked for.'),
    expiresAt: z.iso.datetime(),
    decisions: z.array(
      z.object({
        decision: z.enum(['approved', 'rejected']),
        by: z.object({ id: z.string(), name: z.string() }),
        reason: z.string(),
        at: z.iso.datetime(),
      }),
    ),
  })
  .nullable();

export type ApprovalView = z.infer<typeof approvalSchema>;

export const approvalView = (approval: Approval | null): ApprovalView =>
  approval && {
    planHash: approval.planHash,
    needed: approval.needed,
    rules: approval.rules.map((rule) => ({ ...rule })),
    expiresAt: approval.expiresAt,
    decisions: approval.decisions.map((decision) => ({ ...decision, by: { ...decision.by } })),
  };
