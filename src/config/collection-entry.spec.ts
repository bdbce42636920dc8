import { describe, expect, it } from 'vitest';
import { parseRegistryName } from '../oci/names.js';
import { ConfigError } from './config.js';
import { loadConfig } from './load-config.js';

const load = (registry: string) => {
  const file = `registries:\n  prod:\n    type: distribution\n    url: https://registry.internal\n${registry}`;
  return loadConfig({ SEXTON_CONFIG: 'sexton.yaml' }, () => file).collections.get(parseRegistryName('prod'));
};

const faultsIn = (registry: string): string[] => {
  try {
    load(registry);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
};

describe('collection in sexton.yaml', () => {
  it('has windows with their time zones, blackouts, and careful defaults', () => {
    const options = load(`
    storage: { filesystem: /var/lib/registry }
    collection:
      engine: sexton
      timezone: Asia/Shanghai
      ioLimit: 500
      windows:
        - { days: [sat, sun], start: "02:00", end: "06:00" }
        - { days: [wed], start: "23:00", end: "24:00", timezone: UTC }
      blackouts: ["2026-12-24", { from: "2026-12-31", until: "2027-01-01" }]
`);
    expect(options).toMatchObject({
      engine: { kind: 'sexton', storage: '/var/lib/registry' },
      rules: {
        windows: [
          { days: ['sat', 'sun'], startMinute: 120, endMinute: 360, timezone: 'Asia/Shanghai' },
          { days: ['wed'], startMinute: 1380, endMinute: 1440, timezone: 'UTC' },
        ],
        blackouts: [
          { from: '2026-12-24', until: '2026-12-24' },
          { from: '2026-12-31', until: '2027-01-01' },
        ],
      },
      isAutomatic: true,
      ioLimit: 500,
      graceMs: 2 * 3_600_000,
      retentionMs: 7 * 86_400_000,
      untaggedMinAgeMs: null,
    });
  });

  it('names what is wrong with it', () => {
    const faults = faultsIn(`
    collection:
      engine: sexton
      timezone: Europe/Atlantis
      windows:
        - { days: [sat], start: "2:00", end: "06:00" }
        - { days: [], start: "02:00", end: "25:00" }
      blackouts: ["2026-13-01", { from: "2026-12-31", until: "2026-12-30" }]
`).join('\n');
    for (const part of [
      'registries.prod.collection.timezone: must be the name of a time zone',
      'registries.prod.collection.windows.0.start: must be a time such as 02:00',
      'registries.prod.collection.windows.1.days',
      'registries.prod.collection.windows.1.end',
      'registries.prod.collection.blackouts.0',
      'registries.prod.collection.blackouts.1',
    ]) {
      expect(faults).toContain(part);
    }
  });

  it('needs the storage for the engine sexton, the command for the engine command, and a window that lasts', () => {
    expect(faultsIn('    collection: { engine: sexton }\n')).toEqual([
      'registries.prod.storage: is required with collection.engine: sexton',
    ]);
    expect(faultsIn('    collection: { engine: command }\n').join()).toContain('collection.command');
    const empty = '{ days: [sat], start: "02:00", end: "02:00" }';
    expect(faultsIn(`    collection: { engine: none, windows: [${empty}] }\n`).join()).toContain(
      'windows.0.end',
    );
  });

  it('lets no storage be collected under two names', () => {
    const other =
      '  twin:\n    type: distribution\n    url: https://twin.internal\n    storage: { filesystem: /var/lib/registry/ }\n';
    const faults = faultsIn(`    storage: { filesystem: /var/lib/registry }\n${other}`);
    expect(faults).toEqual([
      'registries.twin.storage.filesystem: is the storage of registries.prod too; collect it under one name',
    ]);
  });
});
