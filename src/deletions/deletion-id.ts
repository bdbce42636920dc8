import { z } from 'zod';

/** A ULID. Anything else cannot be an id of ours, and is answered like one that does not exist. */
export const deletionIdSchema = z.string().max(64);
