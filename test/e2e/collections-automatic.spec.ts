import { describe, expect, it, vi } from 'vitest';
import type { CollectionView } from '../../src/collections/service/collections.dto.js';
import { CollectedRegistry } from '../support/collected-registry.js';
import { HOUR, NIGHT } from '../support/collections.js';

const world = new CollectedRegistry({ isAutomatic: true });

const collections = async (): Promise<CollectionView[]> => {
  const answer = await world.api.get('/v1/collections').expect(200);
  return (answer.body as { items: CollectionView[] }).items;
};

const untilSucceeded = (count: number): Promise<CollectionView[]> =>
  vi.waitFor(
    async () => {
      const all = await collections();
      expect(all.map(({ state }) => state)).toEqual(Array.from({ length: count }, () => 'succeeded'));
      return all;
    },
    { timeout: 30_000 },
  );

describe('the opening of a window', () => {
  it('collects once, without anybody asking, and the next one collects again', async () => {
    await world.deleteOneOfTwo();
    await world.untilHealed();
    expect(await collections()).toEqual([]);
    world.nowMs = NIGHT + 1.25 * HOUR;
    const [first] = await untilSucceeded(1);
    expect(first).toMatchObject({
      when: 'window',
      quarantined: { count: 4 },
      requestedBy: { id: 'configuration', name: 'sexton.yaml' },
    });
    // Still the same window, and the healer's round shows that it was looked at.
    world.nowMs = NIGHT + 1.75 * HOUR;
    await world.untilHealed();
    expect(await collections()).toHaveLength(1);
    world.nowMs = NIGHT + 25.25 * HOUR;
    const [second] = await untilSucceeded(2);
    expect(second).toMatchObject({ quarantined: { count: 0 } });
    world.save('v2', 'v2');
  });
});
