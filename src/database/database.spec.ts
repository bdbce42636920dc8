import { describe, expect, it } from 'vitest';
import { connectFirst } from './database.js';

describe('the first connection', () => {
  it('that no address of the host takes names each', async () => {
    // What Node throws of a host with several addresses has no message of its own.
    const refused = new AggregateError([
      new Error('connect ECONNREFUSED ::1:5432'),
      new Error('connect ECONNREFUSED 127.0.0.1:5432'),
    ]);
    const pool = { connect: () => Promise.reject(refused) };
    await expect(connectFirst(pool)).rejects.toThrow(
      'PostgreSQL cannot be used: connect ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432. See',
    );
  });
});
