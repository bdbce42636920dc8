import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import * as layout from '../../src/storage/layout.js';

/**
 * A registry's store, the same for the same numbers. Each repository has some base layers that it shares with others,
 * and images of an own config and own layers; every tenth image was deleted, so about a tenth of the blobs is garbage.
 */
export interface StoreShape {
  readonly repositories: number;
  readonly imagesPerRepository: number;
  readonly layersPerImage: number;
  readonly deletedEvery: number;
}

/** 500 repositories, 10,000 manifests, about 65,000 blobs. */
export const USUAL: StoreShape = {
  repositories: 500,
  imagesPerRepository: 20,
  layersPerImage: 5,
  deletedEvery: 10,
};

const SHARED_LAYERS = 200;
const SHARED_PER_REPOSITORY = 3;

export const generateStore = (root: string, shape: StoreShape): { blobs: number; dead: number } => {
  const made = new Set<string>();
  let dead = 0;
  const put = (path: string, content: string): void => {
    fs.mkdirSync(join(root, path, '..'), { recursive: true });
    fs.writeFileSync(join(root, path), content);
  };
  const blob = (content: string): { digest: string; size: number } => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    if (!made.has(digest)) put(layout.blobData(digest), content);
    made.add(digest);
    return { digest, size: content.length };
  };
  for (let r = 0; r < shape.repositories; r++) {
    const name = `team-${r % 25}/app-${r}`;
    const shared = Array.from({ length: SHARED_PER_REPOSITORY }, (_, s) =>
      blob(`shared layer ${(r * 7 + s * 31) % SHARED_LAYERS}`),
    );
    for (let i = 0; i < shape.imagesPerRepository; i++) {
      const config = blob(JSON.stringify({ architecture: 'amd64', os: 'linux', created: `${r}/${i}` }));
      const own = Array.from({ length: shape.layersPerImage - 1 + (i % 2) }, (_, l) =>
        blob(`layer ${r}/${i}/${l} ${'x'.repeat((r * 13 + i * 7 + l) % 200)}`),
      );
      const layers = [...shared, ...own];
      const manifest = blob(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
          config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
          layers: layers.map((layer) => ({
            mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
            ...layer,
          })),
        }),
      );
      for (const { digest } of [config, ...layers]) put(layout.layerLink(name, digest), digest);
      if (i % shape.deletedEvery === shape.deletedEvery - 1) {
        fs.mkdirSync(join(root, layout.revisionFolder(name, manifest.digest)), { recursive: true });
        dead += 2 + own.length;
        continue;
      }
      put(layout.revisionLink(name, manifest.digest), manifest.digest);
      put(layout.tagLink(name, `v${i}`), manifest.digest);
      put(layout.tagHistoryLink(name, `v${i}`, manifest.digest), manifest.digest);
    }
  }
  return { blobs: made.size, dead };
};
