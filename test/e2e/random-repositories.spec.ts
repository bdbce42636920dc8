import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushBlob } from '../../tools/blobs.js';
import { putManifest, type PushedManifest } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { expectedOf } from '../planning/planning-model.js';
import { helperTagFor, repositories, type Node } from '../planning/repository.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const RUNS = 12;
const INDEX = 'application/vnd.oci.image.index.v1+json';
const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

let registry: RegistryServer;
let gateway: TestGateway;
let count = 0;

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({ registries: [registryOptions('prod', registry.url)] });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

/** A repository in the real registry, as `nodes` describe it; tags that name a manifest get its real digest. */
const push = async (repository: string, nodes: readonly Node[]) => {
  const to = { registryUrl: registry.url, repository };
  const pushed: PushedManifest[] = [];
  const descriptor = (at: number) => {
    const known = pushed[at];
    if (!known) throw new Error(`manifest ${at} is not there yet`);
    return { mediaType: known.mediaType, digest: known.digest, size: known.bytes.byteLength };
  };
  for (const [at, { kind, children = [], subject, layers = [] }] of nodes.entries()) {
    const about = subject == null ? {} : { subject: descriptor(subject) };
    const note = { annotations: { number: String(at) } };
    if (kind === 'index') {
      const json = {
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: children.map(descriptor),
        ...about,
        ...note,
      };
      pushed.push(await putManifest(to, { bytes: Buffer.from(JSON.stringify(json)), mediaType: INDEX }));
      continue;
    }
    const config = await pushBlob(
      to,
      Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', number: at })),
    );
    const blobs = await Promise.all(layers.map((layer) => pushBlob(to, Buffer.from(`layer ${layer}`))));
    const json = {
      schemaVersion: 2,
      mediaType: IMAGE,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: blobs.map((blob) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...blob })),
      ...about,
      ...note,
    };
    pushed.push(await putManifest(to, { bytes: Buffer.from(JSON.stringify(json)), mediaType: IMAGE }));
  }
  // A tag about a manifest that is not in this repository stays as it is.
  const realTag = (tag: string): string => {
    const at = nodes.findIndex((_, number) => tag.startsWith(helperTagFor(number)));
    return at < 0 ? tag : tag.replace(helperTagFor(at), pushed[at]?.digest.replace(':', '-') ?? '');
  };
  for (const [at, { tags = [] }] of nodes.entries()) {
    const manifest = pushed[at];
    if (manifest && tags.length > 0) await putManifest(to, manifest, tags.map(realTag));
  }
  return { digests: pushed.map(({ digest }) => digest), realTag };
};

const pulls = async (repository: string, reference: string): Promise<boolean> => {
  const response = await fetch(`${registry.url}/v2/${repository}/manifests/${reference}`, {
    headers: { accept: `${INDEX}, ${IMAGE}` },
  });
  await response.arrayBuffer();
  return response.ok;
};

const cases = repositories
  .filter((nodes) => nodes.every(({ kind }) => kind !== 'opaque') && nodes.some(({ tags }) => tags?.length))
  .chain((nodes) =>
    fc.record({
      nodes: fc.constant(nodes),
      asked: fc
        .uniqueArray(
          fc.oneof(
            fc.constantFrom(...nodes.flatMap(({ tags = [] }) => tags)),
            fc.integer({ min: 0, max: nodes.length - 1 }),
          ),
          { minLength: 1, maxLength: 3 },
        )
        .map((references) => new Set<string | number>(references)),
      rules: fc.record({
        siblings: fc.constantFrom('refuse' as const, 'untag' as const, 'include' as const),
        referrers: fc.constantFrom('keep' as const, 'include' as const),
        children: fc.constantFrom('keep' as const, 'include' as const),
      }),
    }),
  );

describe('any repository of a real registry', () => {
  it('still pulls afterwards exactly what the plan promised', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ nodes, asked, rules }) => {
        count += 1;
        const repository = `random/r${count}`;
        const { digests, realTag } = await push(repository, nodes);
        const deletion = await deleteAndWait(gateway.api(), {
          registry: 'prod',
          repository,
          references: [...asked].map((one) => (typeof one === 'number' ? digests[one] : realTag(one))),
          ...rules,
        });
        const expected = expectedOf(nodes, asked, rules, {
          deletes: 'manifests',
          untag: 'replace',
          deletion: 'enabled',
          referrersApi: false,
          listsUntagged: false,
        });
        const isRefused = expected.refused.size > 0;
        expect(deletion.state).toBe(isRefused ? 'refused' : 'succeeded');
        const goes = isRefused ? new Set<number>() : expected.goes;
        const untagged = isRefused ? new Set<string>() : expected.untagged;
        for (const [at, digest] of digests.entries()) {
          expect([at, await pulls(repository, digest)]).toEqual([at, !goes.has(at)]);
          for (const tag of nodes[at]?.tags ?? []) {
            const stays = !goes.has(at) && !untagged.has(tag);
            expect([tag, await pulls(repository, realTag(tag))]).toEqual([tag, stays]);
          }
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});
