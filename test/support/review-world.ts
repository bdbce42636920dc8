import type { ApprovalRule } from '../../src/guardrails/approval-rule.js';
import { pushImage, pushIndex } from '../../tools/images.js';
import { pushCosignTag } from '../../tools/referrers.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { CLIENT_ID } from './browser-logins.js';
import { collectionOptions, WEEK } from './collections.js';
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

/** An hour of each day, in UTC, that is not near whatever the time is now: what waits for it goes on waiting. */
const CLOSED_NOW = new Date().getUTCHours() < 12 ? 14 : 2;

const hour = (of: number): string => `${String(of).padStart(2, '0')}:00`;

export interface ReviewWorld {
  readonly registry: RegistryServer;
  readonly issuer: TestIssuer;
  readonly gateway: TestGateway;
  /** The registry's collection window as the page says it: closed for as long as a test may take. */
  readonly window: string;
  /** Pushes an index of two platforms under these tags, with a signature, whose first platform has a tag of its own. */
  pushMulti(repository: string, tags: readonly string[]): Promise<void>;
  pushPlain(repository: string, tags: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A registry, an issuer, and a gateway with a rule for approvals and a registry that is collected. */
export const startReviewWorld = async (): Promise<ReviewWorld> => {
  const registry = await startRegistry();
  const issuer = await startIssuer();
  const window = {
    days: WEEK,
    startMinute: CLOSED_NOW * 60,
    endMinute: (CLOSED_NOW + 1) * 60,
    timezone: 'UTC',
  };
  const gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    collections: [
      collectionOptions(
        { kind: 'sexton', storage: registry.storageDir, threads: 0 },
        { graceMs: 0, rules: { windows: [window], blackouts: [] } },
      ),
    ],
    guardrails: { approvals: [RELEASES] },
    oidc: issuer.options({ clientId: CLIENT_ID }),
  });
  const at = (repository: string) => ({ registryUrl: registry.url, repository });
  return {
    registry,
    issuer,
    gateway,
    window: `Every day ${hour(CLOSED_NOW)}–${hour(CLOSED_NOW + 1)} UTC`,
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
