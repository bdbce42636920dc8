import { pushBlob, sha256, type PushTo } from '../../tools/blobs.js';
import { pushIndex, putManifest, type PushedManifest } from '../../tools/images.js';

/** One deletion that is asked for, and how it must end whatever happens meanwhile. */
export interface Asked {
  readonly key: string;
  readonly repository: string;
  readonly references: readonly string[];
  readonly siblings: 'refuse' | 'untag';
  readonly state: 'succeeded' | 'refused';
  /** How each target must end, by digest; of a refused one there are none. */
  readonly outcomes: ReadonlyMap<string, 'deleted' | 'untagged'>;
}

/** What a registry holds, what goes of it, and what must still pull afterwards. */
export interface World {
  readonly asked: readonly Asked[];
  /** `repository reference` of each manifest and tag that must be gone. */
  readonly gone: readonly (readonly [string, string])[];
  readonly stays: readonly (readonly [string, string])[];
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Small images that share a repository's config: one request each. */
const imageMaker = async (to: PushTo) => {
  const bytes = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [] },
      for: to.repository,
    }),
  );
  const config = await pushBlob(to, bytes);
  return (name: string, tags: readonly string[]): Promise<PushedManifest> => {
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [],
      annotations: { name: `${to.repository} ${name}` },
    };
    return putManifest(to, { bytes: Buffer.from(JSON.stringify(manifest)), mediaType: MANIFEST }, tags);
  };
};

/** Ten deletions in one repository: alone, several together, an index with its children, an untag, and one to be refused. */
const fillRepository = async (registryUrl: string, repository: string): Promise<World> => {
  const image = await imageMaker({ registryUrl, repository });
  const asked: Asked[] = [];
  const gone: (readonly [string, string])[] = [];
  const stays: (readonly [string, string])[] = [];
  const ask = (
    name: string,
    change: Pick<Asked, 'references' | 'state' | 'outcomes'> & { siblings?: 'untag' },
  ) => asked.push({ key: `${repository}/${name}`, repository, siblings: 'refuse', ...change });
  const deleted = (...manifests: PushedManifest[]) =>
    new Map(manifests.map(({ digest }) => [digest, 'deleted'] as const));

  for (const tag of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']) {
    const one = await image(tag, [tag]);
    ask(tag, { references: [tag], state: 'succeeded', outcomes: deleted(one) });
    gone.push([repository, tag], [repository, one.digest]);
  }
  const several = ['m1', 'm2', 'm3', 'm4'];
  const many: PushedManifest[] = [];
  for (const tag of several) many.push(await image(tag, [tag]));
  ask('several', { references: several, state: 'succeeded', outcomes: deleted(...many) });
  gone.push(
    ...several.map((tag) => [repository, tag] as const),
    ...many.map((one) => [repository, one.digest] as const),
  );

  const children = [await image('amd64', []), await image('arm64', [])];
  const index = await pushIndex({ registryUrl, repository }, children, { tags: ['multi'] });
  ask('index', { references: ['multi'], state: 'succeeded', outcomes: deleted(index, ...children) });
  gone.push([repository, 'multi'], ...[index, ...children].map((one) => [repository, one.digest] as const));

  const shared = await image('shared', ['x1', 'x2']);
  ask('untag', {
    references: ['x1'],
    siblings: 'untag',
    state: 'succeeded',
    outcomes: new Map([[shared.digest, 'untagged']]),
  });
  gone.push([repository, 'x1']);
  stays.push([repository, 'x2'], [repository, shared.digest]);

  const twins = await image('twins', ['y1', 'y2']);
  ask('refused', { references: ['y1'], state: 'refused', outcomes: new Map() });
  stays.push([repository, 'y1'], [repository, 'y2'], [repository, twins.digest]);

  for (const tag of ['k1', 'k2']) {
    await image(tag, [tag]);
    stays.push([repository, tag]);
  }
  return { asked, gone, stays };
};

/** Fills a registry: `repositories` of them, with ten deletions each. The same each time. */
export const fillWorld = async (registryUrl: string, repositories: number): Promise<World> => {
  const parts: World[] = [];
  for (let from = 0; from < repositories; from += 5) {
    const some = Array.from({ length: Math.min(5, repositories - from) }, (_, index) => from + index);
    parts.push(
      ...(await Promise.all(
        some.map((number) => fillRepository(registryUrl, `team-${number % 7}/app-${number}`)),
      )),
    );
  }
  return {
    asked: parts.flatMap(({ asked }) => asked),
    gone: parts.flatMap(({ gone }) => gone),
    stays: parts.flatMap(({ stays }) => stays),
  };
};

/** What stands between this reference and a pull: null when it pulls whole, 'absent' when there is none. */
export const pull = async (
  registryUrl: string,
  repository: string,
  reference: string,
): Promise<string | null> => {
  const get = (path: string, accept?: string) =>
    fetch(`${registryUrl}/v2/${repository}/${path}`, { headers: accept ? { accept } : {} });
  const accept = [MANIFEST, 'application/vnd.oci.image.index.v1+json'].join(', ');
  const answer = await get(`manifests/${reference}`, accept);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status === 404) return 'absent';
  if (answer.status !== 200) return `manifest ${answer.status}`;
  const manifest = JSON.parse(bytes.toString()) as {
    config?: { digest: string };
    layers?: { digest: string }[];
    manifests?: { digest: string }[];
  };
  for (const { digest } of [...(manifest.config ? [manifest.config] : []), ...(manifest.layers ?? [])]) {
    const blob = await get(`blobs/${digest}`);
    const content = Buffer.from(await blob.arrayBuffer());
    if (blob.status !== 200 || sha256(content) !== digest) return `blob ${digest} ${blob.status}`;
  }
  for (const { digest } of manifest.manifests ?? []) {
    const fault = await pull(registryUrl, repository, digest);
    if (fault !== null) return `child ${digest}: ${fault}`;
  }
  return null;
};
