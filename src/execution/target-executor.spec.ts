import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/schema.js';
import type { DeletionRow, TargetRow } from '../deletions/deletion-view.js';
import { ManifestMemory } from '../deletions/manifest-memory.js';
import { SextonError } from '../errors/sexton-error.js';
import type { Hold } from '../guardrails/hold.js';
import { digestOf, type Digest } from '../oci/digest.js';
import { readManifestContent, type Manifest } from '../oci/manifest.js';
import { MEDIA_TYPES } from '../oci/media-types.js';
import { parseRegistryName, parseRepositoryName, parseTag } from '../oci/names.js';
import type { PlanTarget } from '../planning/plan.js';
import { EMPTY_SNAPSHOT, type RepositorySnapshot } from '../planning/snapshot.js';
import type { Registry } from '../registries/registry.js';
import { TargetExecutor, type TargetWork } from './target-executor.js';

const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
const DIGEST = digestOf(BYTES);
const OTHER = digestOf(Buffer.from('another'));
const MANIFEST: Manifest = {
  digest: DIGEST,
  mediaType: MEDIA_TYPES.ociManifest,
  bytes: BYTES,
  content: readManifestContent(BYTES, MEDIA_TYPES.ociManifest),
};

/** What was asked and done, in order; the registry's own state is in `tags` and `manifests`. */
let steps: string[];
let tags: Map<string, Digest>;
let manifests: Map<string, Manifest>;
let onStep: (step: string) => void;

const note = (step: string): void => {
  steps.push(step);
  onStep(step);
};

const found = (reference: string): Digest | undefined =>
  reference.startsWith('sha256:') ? manifests.get(reference)?.digest : tags.get(reference);

/** The calls that a target needs of a registry that works. */
const working = {
  name: parseRegistryName('prod'),
  resolve: async (_repository: string, reference: string) => {
    note(`resolve ${reference === DIGEST ? 'digest' : reference}`);
    const digest = found(reference);
    return digest === undefined ? null : { digest, mediaType: MANIFEST.mediaType };
  },
  readManifest: async (_repository: string, reference: string) => {
    note(`read ${reference === DIGEST ? 'digest' : reference}`);
    return manifests.get(found(reference) ?? '') ?? null;
  },
  deleteManifest: async (_repository: string, digest: Digest) => {
    note('DELETE manifest');
    manifests.delete(digest);
    for (const [tag, on] of [...tags]) if (on === digest) tags.delete(tag);
    return 'deleted' as const;
  },
  untag: async (_repository: string, tag: string): Promise<'untagged' | 'absent' | 'moved'> => {
    note('DELETE tag');
    tags.delete(tag);
    return 'untagged';
  },
};

const db = new Kysely<Database>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (own) => new PostgresIntrospector(own),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
  log: ({ query }) => {
    if (query.sql.includes('"tombstones"')) note('tombstone');
  },
});

const target = (changes: Partial<PlanTarget> = {}): PlanTarget => ({
  kind: 'manifest',
  reference: 'v1',
  digest: DIGEST,
  mediaType: MANIFEST.mediaType,
  size: BYTES.byteLength,
  because: 'requested',
  cause: null,
  tags: [parseTag('v1')],
  siblings: [],
  parents: [],
  children: [],
  referrers: [],
  ...changes,
});

/** As the repository was seen before this target's turn. */
const seen = (changes: Partial<RepositorySnapshot> = {}): RepositorySnapshot => ({
  ...EMPTY_SNAPSHOT,
  tags: new Map([...tags].map(([tag, digest]) => [parseTag(tag), { digest, mediaType: MANIFEST.mediaType }])),
  ...changes,
});

const ROW = { id: '01JD', repository: 'team-a/app' } as DeletionRow;
const RESULT = { reference: 'v1', position: 0, started_at: null } as TargetRow;

const work = (of: PlanTarget, changes: Partial<TargetWork> = {}): TargetWork => ({
  claim: { db, lost: new AbortController().signal, assertHeld: async () => note('claim') },
  row: ROW,
  target: of,
  targets: [of],
  result: RESULT,
  snapshot: seen(),
  gone: new Set(),
  holds: [],
  holdsAreTheSame: async () => {
    note('holds');
    return true;
  },
  registry: working as unknown as Registry,
  signal: new AbortController().signal,
  ...changes,
});

const execute = (of: PlanTarget, changes: Partial<TargetWork> = {}, memory = new ManifestMemory()) =>
  new TargetExecutor(memory).execute(work(of, changes));

const sent = (): string[] => steps.filter((step) => step.startsWith('DELETE'));

beforeEach(() => {
  steps = [];
  onStep = () => undefined;
  tags = new Map([['v1', DIGEST]]);
  manifests = new Map([[DIGEST, MANIFEST]]);
});

const MANIFEST_TARGET = (): [PlanTarget, Partial<TargetWork>] => [target(), {}];
const TAG_TARGET = (): [PlanTarget, Partial<TargetWork>] => [target({ kind: 'tag' }), {}];
/** A tag of a storage registry whose manifest was gone when the plan was made. */
const DANGLING_TARGET = (): [PlanTarget, Partial<TargetWork>] => {
  manifests.delete(DIGEST);
  return [target({ kind: 'tag', size: 0 }), { snapshot: seen({ absent: new Set([DIGEST]) }) }];
};

describe.each([
  ['a manifest', MANIFEST_TARGET],
  ['a tag', TAG_TARGET],
  ['a tag that points at nothing', DANGLING_TARGET],
])('%s', (_what, made) => {
  it('goes once, with the claim and the holds asked for right before', async () => {
    expect(await execute(...made())).toMatchObject({ code: null });
    expect(sent()).toHaveLength(1);
    const at = steps.findIndex((step) => step.startsWith('DELETE'));
    expect(steps.slice(at - 2, at)).toEqual(['claim', 'holds']);
  });

  it('stays where the claim was lost', async () => {
    const [of, changes] = made();
    const lost = new SextonError('database_unavailable');
    const claim = { ...work(of).claim, assertHeld: () => Promise.reject(lost) };
    await expect(execute(of, { ...changes, claim })).rejects.toBe(lost);
    expect(sent()).toEqual([]);
  });

  it('stays where holds changed since they were looked at, and all is looked at again', async () => {
    const [of, changes] = made();
    expect(await execute(of, { ...changes, holdsAreTheSame: async () => false })).toBeNull();
    expect(sent()).toEqual([]);
  });

  it('stays where it is held', async () => {
    const [of, changes] = made();
    const hold: Hold = {
      ...{ id: 'hold_1', registry: 'prod', repository: '**', tags: 'v*', digest: null, reason: 'evidence' },
    };
    expect(await execute(of, { ...changes, holds: [hold] })).toMatchObject({
      outcome: 'refused',
      code: 'held',
    });
    expect(sent()).toEqual([]);
  });

  it('stays where the work was called off at the last moment', async () => {
    const [of, changes] = made();
    const off = new AbortController();
    onStep = (step) => {
      if (step === 'holds') off.abort(new Error('called off'));
    };
    await expect(execute(of, { ...changes, signal: off.signal })).rejects.toThrow('called off');
    expect(sent()).toEqual([]);
  });
});

it.each([
  ['a manifest', MANIFEST_TARGET],
  ['a tag', TAG_TARGET],
])('%s is kept as a tombstone before anything is sent', async (_what, made) => {
  await execute(...made());
  expect(steps.filter((step) => step === 'tombstone' || step.startsWith('DELETE'))).toEqual([
    'tombstone',
    expect.stringContaining('DELETE'),
  ]);
});

describe('at the last look', () => {
  const both = [parseTag('v1'), parseTag('v2')];

  it('any tag of the manifest that points elsewhere keeps it, not only the first', async () => {
    tags.set('v2', DIGEST);
    const snapshot = seen();
    tags.set('v2', OTHER);
    expect(await execute(target({ tags: both }), { snapshot })).toMatchObject({
      outcome: 'tag_moved',
      message: expect.stringContaining('v2') as string,
    });
    expect(sent()).toEqual([]);
  });

  it('a tag that a look before showed elsewhere keeps its manifest, wherever it points now', async () => {
    tags.set('v1', OTHER);
    const snapshot = seen();
    tags.set('v1', DIGEST);
    expect(await execute(target(), { snapshot })).toMatchObject({ outcome: 'tag_moved' });
    expect(sent()).toEqual([]);
  });

  it('a tag that still points at a manifest which is gone is left: nothing could put it back', async () => {
    const snapshot = seen();
    manifests.delete(DIGEST);
    expect(await execute(target({ kind: 'tag' }), { snapshot })).toMatchObject({
      outcome: 'refused',
      code: 'dangling_tag',
    });
    expect(sent()).toEqual([]);
  });
});

describe('what the registry says that it did is not believed', () => {
  const registryThat = (changes: Partial<typeof working>) =>
    ({ ...working, ...changes }) as unknown as Registry;
  const lying = (outcome: 'untagged' | 'absent' | 'moved') =>
    registryThat({
      untag: async () => {
        note('DELETE tag');
        return outcome;
      },
    });

  it.each([
    ['a tag', TAG_TARGET],
    ['a tag that points at nothing', DANGLING_TARGET],
  ])('of %s that still resolves', async (_what, made) => {
    const [of, changes] = made();
    for (const outcome of ['untagged', 'absent'] as const) {
      expect(await execute(of, { ...changes, registry: lying(outcome) })).toMatchObject({
        outcome: 'failed',
        code: 'verification_failed',
      });
    }
  });

  it.each([
    ['a tag', TAG_TARGET],
    ['a tag that points at nothing', DANGLING_TARGET],
  ])('of %s that moved away meanwhile: that is told, and not taken for done', async (_what, made) => {
    const [of, changes] = made();
    const registry = registryThat({
      untag: async () => {
        tags.set('v1', OTHER);
        return 'moved';
      },
    });
    expect(await execute(of, { ...changes, registry })).toMatchObject({ outcome: 'tag_moved' });
  });

  it('of a tag whose manifest went along', async () => {
    const registry = registryThat({
      untag: async () => {
        tags.delete('v1');
        manifests.delete(DIGEST);
        return 'untagged';
      },
    });
    expect(await execute(target({ kind: 'tag' }), { registry })).toMatchObject({
      outcome: 'failed',
      code: 'verification_failed',
      message: expect.stringContaining('restore it from the tombstone') as string,
    });
  });

  it('of a manifest that it still serves, or that one of its tags still leads to', async () => {
    const registry = registryThat({
      deleteManifest: async () => {
        tags.clear();
        return 'deleted' as const;
      },
    });
    expect(await execute(target(), { registry })).toMatchObject({ code: 'verification_failed' });
    const halfway = registryThat({
      deleteManifest: async () => {
        manifests.delete(DIGEST);
        return 'deleted' as const;
      },
      readManifest: async (_repository: string, reference: string) =>
        reference === 'v2' ? MANIFEST : (manifests.get(found(reference) ?? '') ?? null),
    });
    const of = target({ tags: [parseTag('v1'), parseTag('v2')] });
    expect(await execute(of, { registry: halfway })).toMatchObject({
      code: 'verification_failed',
      message: expect.stringContaining('v2') as string,
    });
  });
});

describe('a manifest whose delete was sent before, and nobody learned what it did', () => {
  const result = { ...RESULT, started_at: new Date() };
  const hold: Hold = {
    ...{ id: 'hold_1', registry: 'prod', repository: '**', tags: null, digest: DIGEST, reason: 'evidence' },
  };
  const ways: [string, PlanTarget, () => Partial<TargetWork>][] = [
    [
      'its tag was pushed again',
      target(),
      () => {
        tags.set('v1', OTHER);
        return { snapshot: seen() };
      },
    ],
    ['what would take it along was pushed again', target({ cause: OTHER, because: 'child' }), () => ({})],
    ['it is held since', target(), () => ({ holds: [hold] })],
    [
      'its tag was pushed again at the last moment',
      target(),
      () => {
        const snapshot = seen();
        tags.set('v1', OTHER);
        return { snapshot };
      },
    ],
  ];

  it.each(ways)('is told to have gone although %s', async (_why, of, then) => {
    const changes = then();
    manifests.delete(DIGEST);
    // Its bytes are known without asking: this process planned it, and another one sent the delete.
    const memory = new ManifestMemory();
    memory.keep(working.name, parseRepositoryName(ROW.repository), MANIFEST);
    const done = await execute(of, { ...changes, result }, memory);
    expect(done).toMatchObject({ outcome: 'deleted', tags: ['v1'] });
    expect(sent()).toEqual([]);
  });

  it.each(ways)('is left alone where it is still there, and %s', async (_why, of, then) => {
    const done = await execute(of, { ...then(), result });
    expect(['tag_moved', 'refused']).toContain(done?.outcome);
    expect(sent()).toEqual([]);
  });
});
