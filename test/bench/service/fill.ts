import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as layout from '../../../src/storage/layout.js';

/** Writes images into a registry's files, as if they had been pushed: pushing takes longer than what is measured. */
export const fillRegistry = (
  storageDir: string,
  round: string,
  shape: { readonly repositories: number; readonly tags: number },
): Map<string, string[]> => {
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(storageDir, path)), { recursive: true });
    writeFileSync(join(storageDir, path), content);
  };
  const blob = (content: string): { digest: string; size: number } => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    put(layout.blobData(digest), content);
    return { digest, size: content.length };
  };
  const filled = new Map<string, string[]>();
  for (let r = 0; r < shape.repositories; r++) {
    const repository = `bench-${round}/app-${r}`;
    const tags = Array.from({ length: shape.tags }, (_, t) => `v${t}`);
    const layer = blob(`layer of ${repository}`);
    put(layout.layerLink(repository, layer.digest), layer.digest);
    for (const tag of tags) {
      const config = blob(JSON.stringify({ architecture: 'amd64', os: 'linux', of: `${repository}:${tag}` }));
      put(layout.layerLink(repository, config.digest), config.digest);
      const { digest } = blob(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
          layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...layer }],
        }),
      );
      put(layout.revisionLink(repository, digest), digest);
      put(layout.tagLink(repository, tag), digest);
      put(layout.tagHistoryLink(repository, tag, digest), digest);
    }
    filled.set(repository, tags);
  }
  return filled;
};
