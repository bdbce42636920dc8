import { z } from 'zod';

/** The id that the page before ended with. */
export const idCursor = z.object({ before: z.string().min(1).max(64) });

/** The line of a report that the page before ended with. */
export const positionCursor = z.object({ after: z.int().min(-1) });
