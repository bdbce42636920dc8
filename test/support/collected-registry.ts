import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { CollectionOptions } from '../../src/collections/collection-options.js';
import type { CollectionView } from '../../src/collections/service/collections.dto.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { collectionOptions, NIGHT } from './collections.js';
import { deleteAndWait } from './deletions.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from './gateway.js';

export const REPOSITORY = 'team-a/app';

/** Before each test of a file: a real registry, collected by a gateway in batches of two, at 01:00 on `NIGHT`. */
export class CollectedRegistry {
  registry!: RegistryServer;
  gateway!: TestGateway;
  /** Of the test, for what skopeo writes. */
  home = '';
  nowMs = NIGHT;

  constructor(changes: Partial<CollectionOptions> = {}) {
    beforeEach(async () => {
      this.home = mkdtempSync(join(tmpdir(), 'collections-'));
      this.nowMs = NIGHT;
      this.registry = await startRegistry();
      const engine = { kind: 'sexton', storage: this.registry.storageDir, threads: 0 } as const;
      this.gateway = await startTestGateway({
        registries: [registryOptions('prod', this.registry.url)],
        collections: [collectionOptions(engine, { batchSize: 2, ...changes })],
        now: () => this.nowMs,
      });
    });
    afterEach(async () => {
      await this.gateway?.stop();
      await this.registry?.stop();
      rmSync(this.home, { recursive: true, force: true });
    });
  }

  get api(): TestApi {
    return this.gateway.api();
  }

  /** Images v1 and v2, of a shared layer and others of their own; then v1 is deleted through the gateway. */
  async deleteOneOfTwo(between: () => void = () => undefined): Promise<void> {
    const to = { registryUrl: this.registry.url, repository: REPOSITORY };
    for (const tag of ['v1', 'v2']) {
      const layers = [randomBytes(100_000)];
      await pushImage(to, { tags: [tag], content: tag, sharedLayer: 'base', layers });
    }
    between();
    const target = { registry: 'prod', repository: REPOSITORY, references: ['v1'] };
    expect(await deleteAndWait(this.api, target)).toMatchObject({ state: 'succeeded' });
  }

  async get(id: string): Promise<CollectionView> {
    return (await this.api.get(`/v1/collections/${id}`).expect(200)).body as CollectionView;
  }

  async eventsOf(id: string): Promise<{ action: string; details: Record<string, unknown> }[]> {
    const answer = await this.api.get('/v1/audit/events?registry=prod&limit=100').expect(200);
    const { items } = answer.body as { items: { action: string; details: Record<string, unknown> }[] };
    return items.filter(({ details }) => details['collection'] === id).reverse();
  }

  /** Until the healer has looked at what the clock says now. */
  async untilHealed(): Promise<void> {
    await vi.waitFor(
      async () => {
        const { rows } = await this.gateway.database.pool.query<{ healed_at: Date | null }>(
          'select healed_at from collection_registries',
        );
        expect(rows[0]?.healed_at?.getTime()).toBe(this.nowMs);
      },
      { timeout: 30_000 },
    );
  }

  /** Pulls with a real client into a folder of the test; fails where that cannot be pulled whole. */
  save(tag: string, folder: string): string {
    const path = join(this.home, folder);
    expect(skopeo(this.image(tag), `dir:${path}`)).toMatchObject({ status: 0 });
    return path;
  }

  /** Pushes with a real client what was saved before. */
  push(folder: string, tag: string): void {
    expect(skopeo(`dir:${join(this.home, folder)}`, this.image(tag))).toMatchObject({ status: 0 });
  }

  private image(tag: string): string {
    return `docker://${new URL(this.registry.url).host}/${REPOSITORY}:${tag}`;
  }
}

const skopeo = (from: string, into: string): { status: number | null; stderr: string } =>
  spawnSync('skopeo', ['copy', '--src-tls-verify=false', '--dest-tls-verify=false', from, into], {
    encoding: 'utf8',
  });
