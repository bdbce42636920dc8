import { openRedis, type AnyRedis } from './redis.js';
import { z } from 'zod';

/** What a Redis is asked, in milliseconds: it must not hold up the start. */
const ASK_MS = 2_000;

const pairs = z.tuple([z.string(), z.string()]);

/** A setting that may lose wake-ups, and what to do about it. */
export interface RedisWarning {
  readonly setting: string;
  readonly advice: string;
}

/**
 * What of the settings of Redis may lose wake-ups. PostgreSQL still knows the work and the reconciler finds it, but only
 * after `execution.reconcileEvery`. Throws where Redis does not answer.
 */
export const redisWarnings = async (url: string): Promise<readonly RedisWarning[]> => {
  const patience = { enableOfflineQueue: true, commandTimeout: ASK_MS };
  // Whoever works with Redis reports its faults.
  const redis = openRedis(url, () => undefined, patience);
  try {
    await redis.ping();
    return await warningsOf(redis);
  } finally {
    redis.disconnect();
  }
};

const warningsOf = async (redis: AnyRedis): Promise<readonly RedisWarning[]> => {
  const [policy, appendOnly] = await Promise.all([
    settingOf(redis, 'maxmemory-policy'),
    settingOf(redis, 'appendonly'),
  ]);
  const warnings: RedisWarning[] = [];
  if (policy === null || appendOnly === null) {
    const setting = policy === null ? 'maxmemory-policy' : 'appendonly';
    const advice =
      'could not be read (CONFIG GET is refused there): make sure that maxmemory-policy is noeviction and appendonly is yes';
    warnings.push({ setting, advice });
  }
  if (policy !== null && policy !== 'noeviction') {
    const advice = `is ${policy}: wake-ups are evicted when memory is short. Set maxmemory-policy noeviction`;
    warnings.push({ setting: 'maxmemory-policy', advice });
  }
  if (appendOnly !== null && appendOnly !== 'yes') {
    const advice = `is ${appendOnly}: wake-ups since the last snapshot are lost when Redis restarts. Set appendonly yes`;
    warnings.push({ setting: 'appendonly', advice });
  }
  return warnings;
};

/** Null where Redis does not tell: an account without the right, or a hosted one that took the command away. */
const settingOf = async (redis: AnyRedis, name: string): Promise<string | null> => {
  const answer = pairs.safeParse(await redis.call('CONFIG', 'GET', name).catch(() => null));
  return answer.success ? answer.data[1] : null;
};
