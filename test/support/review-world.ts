import type { ApprovalRule } from '../../src/guardrails/approval-rule.js';
import { pushImage, pushIndex } from '../../tools/images.js';
import { pushCosignTag } from '../../tools/referrers.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { CLIENT_ID } from './browser-logins.js';
import { collectionOptions } from './collections.js';
import { registryOptions, startTestGateway, type TestGateway } from './gateway.js';
import { startIssuer, type TestIssuer } from './issuer.js';

const RELEASES: ApprovalRule = {
  name: 'releases',
  registry: 'prod',
  repository: 'team-a/**',
  tags: 'release-*',
  targetsOver: null,
  shareOver: null,
  bytesOver: null,
  referrers: false,
  approvers: 1,
  expiresAfterMs: 3 * 86_400_000,
};

export interface ReviewWorld {
  readonly registry: RegistryServer;
  readonly issuer: TestIssuer;
  readonly gateway: TestGateway;
  /** Pushes an index of two platforms under these tags, with a signature, whose first platform has a tag of its own. */
  pushMulti(repository: string, tags: readonly string[]): Promise<void>;
  pushPlain(repository: string, tags: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A registry, an issuer, and a gateway with a rule for approvals and a registry that is collected. */
export const startReviewWorld = async (): Promise<ReviewWorld> => {
  const registry = await startRegistry();
  const issuer = await startIssuer();
  const gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    collections: [
      collectionOptions({ kind: 'sexton', storage: registry.storageDir, threads: 0 }, { graceMs: 0 }),
    ],
    guardrails: { approvals: [RELEASES] },
    oidc: issuer.options({ clientId: CLIENT_ID }),
  });
  const at = (repository: string) => ({ registryUrl: registry.url, repository });
  return {
    registry,
    issuer,
    gateway,
    pushPlain: async (repository, tags) => {
      await pushImage(at(repository), { tags, content: `${repository} ${tags.join(' ')}` });
    },
    pushMulti: async (repository, tags) => {
      const to = at(repository);
      const content = `${repository} ${tags.join(' ')}`;
      const amd64 = await pushImage(to, { content: `${content} amd64`, tags: ['amd64-only'] });
      const arm64 = await pushImage(to, { content: `${content} arm64`, architecture: 'arm64' });
      const index = await pushIndex(to, [amd64, arm64], { tags });
      await pushCosignTag(to, index);
    },
    stop: async () => {
      await gateway.stop();
      await issuer.stop();
      await registry.stop();
    },
  };
};
