import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, isContentDigest, parseDigest, type Digest } from '../../src/oci/digest.js';
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '../../src/oci/names.js';
import type { Registry } from '../../src/registries/registry.js';
import type { PushedManifest } from '../../tools/images.js';
import { codeOf, never } from './adapter.js';

export interface RegistryUnderTest {
  /** Whose account may do everything. */
  readonly registry: Registry;
  /** There, and empty. */
  readonly repository: RepositoryName;
  /** Pushes an image under the tags; other content, other digest. */
  readonly push: (tags: readonly string[], content?: string) => Promise<PushedManifest>;
  /** Another adapter on the same registry, with another password; null of one that needs none. */
  readonly withPassword: ((password: string) => Registry) | null;
  /** What nobody pushed, where the registry's digests are of another kind than hashes. */
  readonly absent?: Digest;
  /** How often the registry was asked so far. */
  readonly requestCount: () => number;
}

const V1 = parseTag('v1');
const STABLE = parseTag('stable');
/** Where names are not hashes, nobody can compare what they name; the most of it that is asked for, in bytes. */
const MOST_UNHASHED = 4096;

/** The promises of the registry port; every adapter passes this suite. */
export const describeRegistry = (name: string, make: () => Promise<RegistryUnderTest>): void => {
  describe(`${name} keeps the promises of a registry`, () => {
    let world: RegistryUnderTest;
    let registry: Registry;
    let repository: RepositoryName;
    let absent: Digest;
    const opened: Registry[] = [];

    beforeEach(async () => {
      world = await make();
      ({ registry, repository } = world);
      absent = world.absent ?? digestOf(Buffer.from('nobody pushed this'));
      opened.push(registry);
    });

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((adapter) => adapter.close()));
    });

    const tags = async () => [...(await registry.listTags(repository, never()))].sort();
    const digestAt = async (reference: Tag | Digest) =>
      (await registry.resolve(repository, reference, never()))?.digest ?? null;
    const bytesAt = async (reference: Tag | Digest) => {
      const manifest = await registry.readManifest(repository, reference, never());
      return manifest && Buffer.from(manifest.bytes).toString('utf8');
    };

    it('lists every tag once, and none of a repository that is not there', async () => {
      const names = Array.from({ length: 25 }, (_, index) => `tag-${index}`);
      await world.push(names);
      expect(await tags()).toEqual([...names].sort());
      const unknown = parseRepositoryName(`${repository}-unknown`);
      expect(await registry.listTags(unknown, never())).toEqual([]);
      expect(await registry.hasRepository(unknown, never())).toBe(false);
      expect(await registry.hasRepository(repository, never())).toBe(true);
    });

    it('lists repositories in name order, in pages', async () => {
      await world.push(['v1']);
      const names: RepositoryName[] = [];
      for (let after: RepositoryName | null = null, hasMore = true; hasMore;) {
        const page = await registry.listRepositories({ after, limit: 2 }, never());
        names.push(...page.items);
        after = names.at(-1) ?? null;
        hasMore = page.hasMore;
      }
      expect(names).toEqual([...new Set(names)].sort());
      expect(names).toContain(repository);
    });

    it('resolves a tag and a digest, and reads the manifest byte for byte', async () => {
      const pushed = await world.push(['v1']);
      for (const reference of [V1, parseDigest(pushed.digest)]) {
        const expected = { digest: pushed.digest, mediaType: pushed.mediaType };
        expect(await registry.resolve(repository, reference, never())).toEqual(expected);
        expect(await registry.readManifest(repository, reference, never())).toMatchObject(expected);
        expect(await bytesAt(reference)).toBe(pushed.bytes.toString('utf8'));
      }
    });

    it('reads the blobs of an image, whole or not at all', async () => {
      await world.push(['v1']);
      const content = (await registry.readManifest(repository, V1, never()))?.content;
      const blobs = content?.kind === 'image' ? content.blobs : [];
      expect(blobs.length).toBeGreaterThan(0);
      for (const { digest, sizeBytes } of blobs) {
        expect(await registry.canPullBlob(repository, digest, never())).toBe(true);
        const most = isContentDigest(digest) ? sizeBytes : MOST_UNHASHED;
        const bytes = await registry.readBlob(repository, digest, most, never());
        if (isContentDigest(digest)) expect(bytes && digestOf(bytes)).toBe(digest);
        const less = (bytes?.byteLength ?? 0) - 1;
        expect(less).toBeGreaterThan(0);
        expect(await registry.readBlob(repository, digest, less, never())).toBeNull();
      }
      expect(await registry.canPullBlob(repository, absent, never())).toBe(false);
      expect(await registry.readBlob(repository, absent, 1024, never())).toBeNull();
    });

    it('says null to what is not there', async () => {
      await world.push(['v1']);
      for (const reference of [parseTag('v2'), absent]) {
        expect(await registry.resolve(repository, reference, never())).toBeNull();
        expect(await registry.readManifest(repository, reference, never())).toBeNull();
      }
    });

    it('removes one tag; its siblings and its manifest stay (TRAPS 1)', async () => {
      const pushed = await world.push(['v1', 'stable']);
      const digest = parseDigest(pushed.digest);
      expect(await registry.untag(repository, V1, digest, never())).toBe('untagged');
      expect(await tags()).toEqual(['stable']);
      expect(await digestAt(V1)).toBeNull();
      expect(await digestAt(STABLE)).toBe(digest);
      expect(await bytesAt(digest)).toBe(pushed.bytes.toString('utf8'));
      expect(await registry.untag(repository, V1, digest, never())).toBe('absent');
    });

    it('removes no tag that points elsewhere by now (TRAPS 2)', async () => {
      const before = await world.push(['v1'], 'before');
      const after = await world.push(['v1'], 'after');
      expect(await registry.untag(repository, V1, parseDigest(before.digest), never())).toBe('moved');
      expect(await digestAt(V1)).toBe(after.digest);
      expect(await digestAt(parseDigest(before.digest))).toBe(before.digest);
    });

    it('deletes a manifest with every tag on it and nothing else, or says that it deletes tags only', async () => {
      const digest = parseDigest((await world.push(['v1', 'stable'], 'goes')).digest);
      const stays = await world.push(['other'], 'stays');
      const { deletes } = await registry.probe(repository, never());
      const deletion = registry.deleteManifest(repository, digest, never());
      if (deletes === 'tags') {
        expect(await codeOf(deletion)).toBe('digest_unsupported');
        expect(await tags()).toEqual(['other', 'stable', 'v1']);
      } else {
        expect(await deletion).toBe('deleted');
        expect(await tags()).toEqual(['other']);
        expect(await digestAt(digest)).toBeNull();
        expect(await digestAt(V1)).toBeNull();
      }
      expect(await digestAt(parseTag('other'))).toBe(stays.digest);
    });

    it('says absent to the deletion of what is not there, and deletes nothing', async () => {
      const { digest } = await world.push(['v1']);
      const { deletes } = await registry.probe(repository, never());
      const deletion = registry.deleteManifest(repository, absent, never());
      const outcome = await deletion.catch((error: Error) => codeOf(Promise.reject(error)));
      expect(deletes === 'tags' ? ['absent', 'digest_unsupported'] : ['absent']).toContain(outcome);
      expect(await registry.untag(repository, parseTag('v2'), parseDigest(digest), never())).toBe('absent');
      expect(await tags()).toEqual(['v1']);
      expect(await digestAt(V1)).toBe(digest);
    });

    it('takes a tag back, byte for byte, as long as its blobs are there', async () => {
      const pushed = await world.push(['v1', 'stable']);
      await registry.untag(repository, V1, parseDigest(pushed.digest), never());
      await registry.putManifest(repository, V1, pushed, never());
      expect(await digestAt(V1)).toBe(pushed.digest);
      expect(await bytesAt(V1)).toBe(pushed.bytes.toString('utf8'));
    });

    it('tells a deletion that works from one that does not, and removes nothing by asking', async () => {
      await world.push(['v1']);
      expect(await registry.probe(repository, never())).toMatchObject({ deletion: 'enabled' });
      expect(await registry.probe(null, never())).toMatchObject({ deletion: 'enabled' });
      expect(await tags()).toEqual(['v1']);
    });

    /** Every call that asks the registry something. */
    const verbs = (adapter: Registry, manifest: PushedManifest, signal: AbortSignal) => ({
      probe: () => adapter.probe(repository, signal),
      listRepositories: () => adapter.listRepositories({ after: null, limit: 10 }, signal),
      listTags: () => adapter.listTags(repository, signal),
      hasRepository: () => adapter.hasRepository(repository, signal),
      resolve: () => adapter.resolve(repository, V1, signal),
      readManifest: () => adapter.readManifest(repository, V1, signal),
      listReferrers: () => adapter.listReferrers(repository, absent, signal),
      deleteManifest: () => adapter.deleteManifest(repository, absent, signal),
      untag: () => adapter.untag(repository, V1, absent, signal),
      putManifest: () => adapter.putManifest(repository, V1, manifest, signal),
      readBlob: () => adapter.readBlob(repository, absent, 1024, signal),
      canPullBlob: () => adapter.canPullBlob(repository, absent, signal),
    });

    it('puts no secret into an error', async ({ skip }) => {
      const password = 'planted-password-91c2';
      const adapter = world.withPassword?.(password) ?? skip('takes no credentials');
      opened.push(adapter);
      // Some registries answer these two to anybody: with what is public, or that they have no such API.
      const {
        listReferrers: _,
        listRepositories: __,
        ...asking
      } = verbs(adapter, await world.push(['v1']), never());
      const { deletes } = await registry.probe(repository, never());
      for (const [verb, call] of Object.entries<() => Promise<unknown>>(asking)) {
        // What it never does, it need not ask for.
        if (deletes === 'tags' && verb === 'deleteManifest') continue;
        const error = await call().then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(error, verb).toMatchObject({ code: 'upstream_unauthorized' });
        const text = inspect(error, { depth: 10 });
        expect(text).not.toContain(password);
        for (const shift of ['', 'x', 'xx']) {
          // Base64 of it, wherever it stands in three bytes.
          expect(text).not.toContain(
            Buffer.from(shift + password)
              .toString('base64')
              .slice(4, -4),
          );
        }
      }
    });

    it('sends nothing after its signal was aborted', async () => {
      const pushed = await world.push(['v1']);
      await tags();
      const before = world.requestCount();
      const reason = new Error('the caller went away');
      for (const [verb, call] of Object.entries<() => Promise<unknown>>(
        verbs(registry, pushed, AbortSignal.abort(reason)),
      )) {
        await expect(call(), verb).rejects.toBe(reason);
      }
      expect(world.requestCount()).toBe(before);
      expect(await tags()).toEqual(['v1']);
    });
  });
};
