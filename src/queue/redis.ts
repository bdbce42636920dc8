import { Redis } from 'ioredis';

/** How long a connection keeps trying for one command; `commandTimeout` in milliseconds. */
interface Patience {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly commandTimeout?: number;
}

/** For what answers an HTTP request: it fails fast and keeps nothing for later (FACTS §7.9). */
const FAILS_FAST: Patience = { enableOfflineQueue: false, maxRetriesPerRequest: 1 };

/** The one way to Redis. `onError` hears of every fault, which the connection outlives. */
export const openRedis = (
  url: string,
  onError: (error: Error) => void,
  patience: Partial<Patience> = {},
): Redis => {
  const redis = new Redis(url, { ...FAILS_FAST, ...patience });
  redis.on('error', onError);
  return redis;
};
