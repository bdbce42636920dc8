import { Queue, Worker, createPostgresBackend, type QueueBaseOptions } from 'bullmq';
import pg from 'pg';
import { BullWakeUpQueue, type BullBackend } from './bullmq-queue.js';
import { openRedis, type AnyRedis } from './redis.js';
import type { WakeUpQueue } from './wake-up-queue.js';

/** Jobs hold for seconds only what PostgreSQL knows anyway; short locks bring a killed worker's wake-up back soon. */
const WORKER_TIMING = { lockDuration: 15_000, stalledInterval: 10_000, maxStalledCount: 3 };

/** How long Redis may take to be told of something, in milliseconds. */
const RING_MS = 5_000;

/**
 * The one place that knows where wake-ups live: BullMQ on Redis when `redisUrl` is set, else on PostgreSQL through
 * its own backend (FACTS §9).
 */
export const createWakeUpQueue = (
  stores: { redisUrl: string | null; databaseUrl: string },
  onError: (error: Error) => void,
): WakeUpQueue =>
  new BullWakeUpQueue(
    stores.redisUrl === null ? onPostgres(stores.databaseUrl) : onRedis(stores.redisUrl, onError),
    onError,
  );

const onPostgres = (connectionString: string): BullBackend => {
  // Small pools: each queue and worker of BullMQ opens its own.
  const base = { connection: { connectionString, schema: 'bullmq', migrate: true, max: 3 } };
  return {
    openQueue: (name) => new Queue(name, base, createPostgresBackend),
    openWorker: (name, processor, concurrency) =>
      new Worker(name, processor, { ...base, ...WORKER_TIMING, concurrency }, createPostgresBackend),
    check: async () => {
      const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 });
      await client.connect();
      await client.end();
    },
    close: async () => undefined,
  };
};

const onRedis = (url: string, onError: (error: Error) => void): BullBackend => {
  // It must fail fast, the reconciler rings again (FACTS §7.9). No request waits for it: what a Redis that hangs does not
  // answer must not pile up.
  const producer = openRedis(url, onError, { commandTimeout: RING_MS });
  const consumer = openRedis(url, onError, { maxRetriesPerRequest: null, enableOfflineQueue: true });
  const options = (connection: AnyRedis): QueueBaseOptions & { prefix: string } => ({
    connection,
    // In braces: a script of BullMQ touches several keys, which a cluster keeps together only by such a tag.
    prefix: '{sexton}',
  });
  return {
    openQueue: (name) => new Queue(name, { ...options(producer), skipWaitingForReady: true }),
    openWorker: (name, processor, concurrency) =>
      new Worker(name, processor, { ...options(consumer), ...WORKER_TIMING, concurrency }),
    check: async () => {
      await producer.ping();
    },
    close: async () => {
      producer.disconnect();
      consumer.disconnect();
    },
  };
};
