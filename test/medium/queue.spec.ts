import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRegistryName, parseRepositoryName } from '../../src/oci/names.js';
import { createWakeUpQueue } from '../../src/queue/create-queue.js';
import { startRedis } from '../../tools/redis-server.js';

const wakeUp = {
  kind: 'plan',
  registry: parseRegistryName('prod'),
  repository: parseRepositoryName('team-a/app'),
} as const;

describe('a queue that was first used while Redis was away', () => {
  it('fails then, and carries wake-ups when Redis is back', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    await redis.kill();
    const queue = createWakeUpQueue({ redisUrl: redis.url, databaseUrl: '' }, () => undefined);
    onTestFinished(() => queue.close());
    await expect(queue.ring(wakeUp)).rejects.toThrow();
    await redis.restart();
    const heard = new Promise<string>((resolve) => {
      queue.listen('plan', wakeUp.registry, 1, async (repository) => resolve(repository));
    });
    // What rings in Sexton rings again, until the connection stands.
    await expect
      .poll(() =>
        queue.ring(wakeUp).then(
          () => 'rung',
          () => 'away',
        ),
      )
      .toBe('rung');
    expect(await heard).toBe(wakeUp.repository);
  });
});
