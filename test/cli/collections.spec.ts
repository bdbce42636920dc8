import { expect, it } from 'vitest';
import type { CollectionView } from '../../src/collections/service/collections.dto.js';
import { CollectedRegistry, REPOSITORY } from '../support/collected-registry.js';
import { sextonAs } from '../support/command.js';
import { untilState } from '../support/collections.js';
import { headManifest } from '../../tools/images.js';

const world = new CollectedRegistry();
const because = ['--reason', 'a test'] as const;
const sexton = (...args: string[]) => sextonAs(world.gateway.url, world.gateway.adminKey)('collect', ...args);
const status = async (tag: string) =>
  (await headManifest({ registryUrl: world.registry.url, repository: REPOSITORY }, tag)).status;

it('asks, waits, reports, and undoes; the image that stays still pulls', async () => {
  await world.deleteOneOfTwo();
  const dry = await sexton('ask', 'prod', '--mode', 'dry-run', '--now', ...because, '--json');
  expect(dry.status).toBe(0);
  expect(dry.json()).toMatchObject({ mode: 'dry-run', state: 'succeeded', quarantined: { count: 0 } });
  const asked = await sexton('ask', 'prod', '--now', ...because);
  expect(asked.status).toBe(0);
  expect(asked.stdout).toMatch(/4 blobs, .* taken into quarantine/);
  const [id = ''] = /[0-9A-Z]{26}/.exec(asked.stdout) ?? [];
  const report = await sexton('report', id, '--json');
  const findings = report.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string });
  expect(findings.filter(({ kind }) => kind === 'blob')).toHaveLength(4);
  expect((await sexton('report', id)).stdout).toMatch(/^sha256:\w+ \d+ manifest_deleted/m);
  expect((await sexton('list')).stdout).toContain(id);
  world.save('v2', 'still-there');
  const undone = await sexton('undo', id, '--reason', 'too early', '--json');
  expect(undone.status).toBe(0);
  expect(undone.json()).toMatchObject({ state: 'undone', restored: { count: 4 } });
  expect(await status('v2')).toBe(200);
  expect(await sexton('undo', id, ...because)).toMatchObject({ status: 3 });
});

it('one for the window is not waited for, shows when it opens, and can be cancelled: 10 for whoever watches', async () => {
  const asked = await sexton('ask', 'prod', ...because, '--json');
  expect(asked.status).toBe(0);
  const { id, state } = asked.json<CollectionView>();
  expect(state).toBe('waiting');
  expect((await sexton('windows')).stdout).toMatch(/prod +sexton .*1 waiting/);
  expect(await sexton('status', id, '--watch', '--timeout', '2s')).toMatchObject({ status: 9 });
  expect(await sexton('cancel', id, '--reason', 'not today')).toMatchObject({ status: 0 });
  await untilState(world.api, id, 'cancelled');
  expect(await sexton('status', id, '--watch')).toMatchObject({ status: 10 });
});
