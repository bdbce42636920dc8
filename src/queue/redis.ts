import { Cluster, Redis } from 'ioredis';
import { parseRedisUrl, type RedisPlace } from './redis-url.js';

/** One server, the master that sentinels name, or a cluster: what the queue does is the same on each. */
export type AnyRedis = Redis | Cluster;

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
): AnyRedis => {
  const place = parseRedisUrl(url);
  // Its credentials stay out of the message.
  if (place === null) throw new Error('REDIS_URL is not the address of a Redis');
  const redis = connect(place, { ...FAILS_FAST, ...patience });
  redis.on('error', onError);
  return redis;
};

const connect = (place: RedisPlace, patience: Patience): AnyRedis => {
  if (place.kind === 'single') return new Redis(place.url, patience);
  const { hosts, name, database, username, password, tls } = place;
  const account = {
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(tls && { tls: {} }),
  };
  if (place.kind === 'sentinel') {
    return new Redis({
      ...patience,
      ...account,
      ...(tls && { enableTLSForSentinelMode: true }),
      sentinels: [...hosts],
      name,
      db: database,
    });
  }
  // The offline queue is the cluster's own; the rest holds for each node.
  const { enableOfflineQueue = true, ...each } = patience;
  return new Cluster([...hosts], {
    enableOfflineQueue,
    redisOptions: { ...each, ...account },
    // A name on a certificate is not found again behind an address.
    ...(tls && { dnsLookup: (address, callback) => callback(null, address) }),
  });
};
