import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Where and how to push. */
export interface PushTo {
  readonly registryUrl: string;
  readonly repository: string;
  readonly authorization?: string;
}

export interface PushedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface ImageOptions {
  readonly tags?: readonly string[];
  readonly family?: 'oci' | 'docker';
  /** Content of the image's only file; other content, other digest. */
  readonly content?: string;
  readonly architecture?: string;
  readonly created?: string;
  /** Bytes of one more layer, shared by all images that name the same. */
  readonly sharedLayer?: string;
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

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A tar archive (POSIX ustar) with one file. */
const tarOf = (name: string, content: Buffer): Buffer => {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0') + '\0';
  header.write(name, 0, 100);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.byteLength, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ) + ' ',
    148,
  );
  const padding = Buffer.alloc((512 - (content.byteLength % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
};

const send = async (
  to: PushTo,
  method: string,
  url: string,
  body?: Uint8Array,
  type?: string,
): Promise<Response> =>
  fetch(url, {
    method,
    headers: {
      ...(to.authorization && { authorization: to.authorization }),
      ...(type && { 'content-type': type }),
    },
    ...(body && { body: new Uint8Array(body) }),
  });

const mustBe = async (response: Response, status: number, what: string): Promise<Response> => {
  if (response.status === status) return response;
  throw new Error(`${what}: ${response.status} ${await response.text()}`);
};

const pushBlob = async (to: PushTo, bytes: Buffer): Promise<{ digest: string; size: number }> => {
  const digest = sha256(bytes);
  const base = `${to.registryUrl}/v2/${to.repository}/blobs`;
  const started = await mustBe(await send(to, 'POST', `${base}/uploads/`), 202, 'starting an upload');
  const location = new URL(started.headers.get('location') ?? '', to.registryUrl);
  location.searchParams.set('digest', digest);
  const stored = await send(to, 'PUT', location.href, bytes, 'application/octet-stream');
  await mustBe(stored, 201, 'storing a blob');
  return { digest, size: bytes.byteLength };
};

/** Puts a manifest under each tag, or under its digest when there is none. */
export const putManifest = async (
  to: PushTo,
  manifest: { readonly bytes: Buffer; readonly mediaType: string },
  tags: readonly string[] = [],
): Promise<PushedManifest> => {
  const digest = sha256(manifest.bytes);
  for (const reference of tags.length > 0 ? tags : [digest]) {
    const url = `${to.registryUrl}/v2/${to.repository}/manifests/${reference}`;
    await mustBe(await send(to, 'PUT', url, manifest.bytes, manifest.mediaType), 201, `pushing ${reference}`);
  }
  return { digest, ...manifest };
};

/** Builds and pushes a small image that real clients can pull. The same options give the same digest. */
export const pushImage = async (to: PushTo, options: ImageOptions = {}): Promise<PushedManifest> => {
  const types = TYPES[options.family ?? 'oci'];
  const tars = [
    ...(options.sharedLayer === undefined ? [] : [tarOf('shared.txt', Buffer.from(options.sharedLayer))]),
    tarOf('hello.txt', Buffer.from(options.content ?? 'hello from a small image\n')),
  ];
  const layers = [];
  for (const tar of tars) layers.push(await pushBlob(to, gzipSync(tar)));
  const config = await pushBlob(
    to,
    Buffer.from(
      JSON.stringify({
        architecture: options.architecture ?? 'amd64',
        os: 'linux',
        created: options.created ?? '2026-01-01T00:00:00Z',
        config: {},
        rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
        history: tars.map(() => ({ created_by: 'a test' })),
      }),
    ),
  );
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

/** Pushes an index of manifests that are there already; of other indexes too. */
export const pushIndex = async (
  to: PushTo,
  children: readonly PushedManifest[],
  options: { readonly tags?: readonly string[]; readonly family?: 'oci' | 'docker' } = {},
): Promise<PushedManifest> => {
  const mediaType = TYPES[options.family ?? 'oci'].index;
  const architectures = ['amd64', 'arm64', 's390x', 'ppc64le', 'riscv64'];
  const manifests = children.map((child, index) => ({
    ...descriptorOf(child),
    platform: { os: 'linux', architecture: architectures[index % architectures.length] },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return putManifest(to, { bytes, mediaType }, options.tags);
};

const descriptorOf = ({ digest, mediaType, bytes }: PushedManifest) => ({
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
