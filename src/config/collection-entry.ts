import type { CollectionOptions, EngineOptions } from '../collections/collection-options.js';
import type { RegistryName } from '../oci/names.js';
import type { CollectionEntry } from './collection.schema.js';
import type { ConfigFault } from './config.js';
import { parseDuration } from './duration.js';

const ms = (duration: string): number => parseDuration(duration) ?? 0;

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

const engineOf = (
  { engine, threads, command, dtr, harbor }: CollectionEntry,
  storage: string | null,
  fail: (at: string, message: string) => void,
): EngineOptions => {
  switch (engine) {
    case 'sexton':
      if (storage === null) fail('storage', 'is required with collection.engine: sexton');
      return { kind: 'sexton', storage: storage ?? '', threads };
    case 'v1':
      if (storage === null) fail('storage', 'is required with collection.engine: v1');
      return { kind: 'v1', storage: storage ?? '' };
    case 'command': {
      // The schema demands it with this engine.
      if (command === undefined) return { kind: 'none' };
      const version = command.version ?? [command.garbageCollect[0] ?? '', '--version'];
      return {
        kind: 'command',
        command: {
          ...command,
          version,
          proofTimeoutMs: ms(command.proofTimeout),
          commandTimeoutMs: ms(command.commandTimeout),
        },
      };
    }
    case 'dtr':
      return { kind: 'dtr', action: dtr.action };
    case 'harbor':
      return { kind: 'harbor', workers: harbor.workers };
    case 'none':
      return { kind: 'none' };
  }
};

/** How one registry is collected. `storage` is the directory of its files where sexton.yaml names one. */
export const collectionOptionsOf = (
  registry: RegistryName,
  entry: CollectionEntry,
  storage: string | null,
  faults: ConfigFault[],
): CollectionOptions => ({
  registry,
  engine: engineOf(entry, storage, (at, message) =>
    faults.push({ path: `registries.${registry}.${at}`, message }),
  ),
  rules: {
    windows: entry.windows.map(({ days, start, end, timezone }) => ({
      days,
      startMinute: minuteOf(start),
      endMinute: minuteOf(end),
      timezone: timezone ?? entry.timezone,
    })),
    blackouts: entry.blackouts.map((day) => (typeof day === 'string' ? { from: day, until: day } : day)),
  },
  isAutomatic: entry.automatic,
  graceMs: ms(entry.grace),
  retentionMs: ms(entry.retention),
  untaggedMinAgeMs: entry.untagged === 'collect' ? ms(entry.untaggedMinAge) : null,
  untaggedDefaultMinAgeMs: ms(entry.untaggedMinAge),
  batchSize: entry.batchSize,
  ioLimit: entry.ioLimit ?? null,
  healEveryMs: ms(entry.healEvery),
  pollEveryMs: ms(entry.pollEvery),
});
