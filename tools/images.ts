import { gzipSync } from 'node:zlib';
import { pushBlob, send, sha256, tarOf, type PushTo } from './blobs.js';

export type { PushTo } from './blobs.js';

export interface PushedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface ImageOptions {
  readonly tags?: readonly string[];
  readonly family?: 'oci' | 'docker';
  /** Content of the image's own file; other content, other digest. */
  readonly content?: string;
  readonly architecture?: string;
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Bytes of one more layer, shared by all images that name the same. */
  readonly sharedLayer?: string;
  /** Files of yet more layers, one a layer, between the shared one and the image's own. */
  readonly layers?: readonly (string | Buffer)[];
  readonly subject?: PushedManifest;
  readonly artifactType?: string;
}

const TYPES = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const;

/** Puts a manifest under each tag, or under its digest when there is none. */
export const putManifest = async (
  to: PushTo,
  manifest: { readonly bytes: Buffer; readonly mediaType: string },
  tags: readonly string[] = [],
): Promise<PushedManifest> => {
  const digest = sha256(manifest.bytes);
  for (const reference of tags.length > 0 ? tags : [digest]) {
    const url = `${to.registryUrl}/v2/${to.repository}/manifests/${reference}`;
    const body = { bytes: manifest.bytes, type: manifest.mediaType };
    await send(to, { status: 201, what: `pushing ${reference}` }, 'PUT', url, body);
  }
  return { digest, ...manifest };
};

/** Builds and pushes a small image that real clients can pull. The same options give the same digest. */
export const pushImage = async (to: PushTo, options: ImageOptions = {}): Promise<PushedManifest> => {
  const types = TYPES[options.family ?? 'oci'];
  const tars = [
    ...(options.sharedLayer === undefined ? [] : [tarOf('shared.txt', Buffer.from(options.sharedLayer))]),
    ...(options.layers ?? []).map((layer, index) => tarOf(`layer-${index}`, Buffer.from(layer))),
    tarOf('hello.txt', Buffer.from(options.content ?? 'hello from a small image\n')),
  ];
  const configBytes = Buffer.from(
    JSON.stringify({
      architecture: options.architecture ?? 'amd64',
      os: 'linux',
      created: options.created ?? '2026-01-01T00:00:00Z',
      config: { ...(options.labels && { Labels: options.labels }) },
      rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
      history: tars.map(() => ({ created_by: 'a test' })),
    }),
  );
  const [config, ...layers] = await Promise.all([
    pushBlob(to, configBytes),
    ...tars.map((tar) => pushBlob(to, gzipSync(tar))),
  ]);
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      ...(options.artifactType && { artifactType: options.artifactType }),
      config: { mediaType: types.config, ...config },
      layers: layers.map((layer) => ({ mediaType: types.layer, ...layer })),
      ...(options.subject && { subject: descriptorOf(options.subject) }),
    }),
  );
  return putManifest(to, { bytes, mediaType: types.manifest }, options.tags);
};

const ARCHITECTURES = ['amd64', 'arm64', 's390x', 'ppc64le', 'riscv64'];

/** Pushes an index of manifests that are there already; of other indexes too. */
export const pushIndex = async (
  to: PushTo,
  children: readonly PushedManifest[],
  options: { readonly tags?: readonly string[]; readonly family?: 'oci' | 'docker' } = {},
): Promise<PushedManifest> => {
  const mediaType = TYPES[options.family ?? 'oci'].index;
  const manifests = children.map((child, index) => ({
    ...descriptorOf(child),
    platform: { os: 'linux', architecture: ARCHITECTURES[index % ARCHITECTURES.length] },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return putManifest(to, { bytes, mediaType }, options.tags);
};

/** How another manifest names this one. */
export const descriptorOf = ({ digest, mediaType, bytes }: PushedManifest) => ({
  mediaType,
  digest,
  size: bytes.byteLength,
});

const ACCEPT = Object.values(TYPES)
  .flatMap((types) => [types.manifest, types.index])
  .join(', ');

/** What the registry answers to HEAD: 200 and the digest, or 404. Asked of the registry itself. */
export const headManifest = async (
  to: PushTo,
  reference: string,
): Promise<{ status: number; digest: string | null }> => {
  const response = await fetch(`${to.registryUrl}/v2/${to.repository}/manifests/${reference}`, {
    method: 'HEAD',
    headers: { accept: ACCEPT, ...(to.authorization && { authorization: to.authorization }) },
  });
  return { status: response.status, digest: response.headers.get('docker-content-digest') };
};
