import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HarborEngine } from '../../src/collections/engines/harbor/harbor-engine.js';
import { JobApi } from '../../src/collections/engines/job-api.js';
import { USER } from '../../tools/fakes/contract-server.js';
import { startHarborGcServer, type HarborGcServer } from '../../tools/fakes/harbor-gc-server.js';
import { registryOptions } from '../support/gateway.js';
import { engineRun } from './engine-run.js';

let harbor: HarborGcServer;
const engine = () =>
  new HarborEngine(2, new JobApi(registryOptions('prod', harbor.url, { credentials: USER })), 1);
const endingAs = (status: 'Success' | 'Error' | 'Stopped') => async () => {
  harbor.become(status);
  return true;
};

beforeEach(async () => {
  harbor = await startHarborGcServer();
});

afterEach(async () => {
  await harbor?.stop();
  expect(harbor.violations).toEqual([]);
});

describe('Harbor’s garbage collection', () => {
  it('is scheduled with every parameter, followed, and what its log names is gone', async () => {
    const run = engineRun({ mayGoOn: endingAs('Success') });
    expect(await engine().collect(run)).toMatchObject({ isFinished: true });
    expect(harbor.scheduled).toEqual([{ dry_run: false, delete_untagged: false, workers: 2 }]);
    expect(run.gone).toEqual(['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`));
    expect(run.reports.at(-1)?.summary.garbage.count).toBe(2);
  });

  it('in a dry run is scheduled as one, and nothing is gone', async () => {
    const run = engineRun({ mode: 'dry-run', untaggedMinAgeMs: 0, mayGoOn: endingAs('Success') });
    await engine().collect(run);
    expect(harbor.scheduled).toEqual([{ dry_run: true, delete_untagged: true, workers: 2 }]);
    expect(run.gone).toEqual([]);
    expect(run.reports.at(-1)?.findings.filter(({ kind }) => kind === 'blob')).toHaveLength(2);
  });

  it('is never told to take untagged ones while any is held', async () => {
    const held = async () => ({ isNone: false, isHeld: () => true });
    await expect(engine().collect(engineRun({ untaggedMinAgeMs: 0, held }))).rejects.toMatchObject({
      code: 'held',
    });
    expect(harbor.scheduled).toEqual([]);
  });

  it('is stopped when it may not go on', async () => {
    const run = engineRun({ mayGoOn: async () => false });
    expect(await engine().collect(run)).toMatchObject({ isFinished: false });
    expect(harbor.requests).toContain('PUT /api/v2.0/system/gc/1');
    expect(run.gone).toEqual([]);
  });

  it.each(['Error', 'Stopped'] as const)('that ends as %s by itself fails', async (status) => {
    const run = engineRun({ mayGoOn: endingAs(status) });
    await expect(engine().collect(run)).rejects.toMatchObject({ code: 'collection_job_failed' });
  });

  it('of the same kind that is under way is gone on with; a dry run is never taken for a real one', async () => {
    harbor.addRun({ dry_run: true, delete_untagged: false, workers: 2 }, 'Running');
    await engine().collect(engineRun({ mode: 'dry-run', mayGoOn: endingAs('Success') }));
    expect(harbor.scheduled).toEqual([]);
    harbor.addRun({ dry_run: true, delete_untagged: false, workers: 2 }, 'Running');
    await engine().collect(engineRun({ mayGoOn: endingAs('Success') }));
    expect(harbor.scheduled).toHaveLength(1);
    harbor.addRun({ dry_run: false, delete_untagged: true, workers: 2 }, 'Running');
    await engine().collect(engineRun({ mayGoOn: endingAs('Success') }));
    expect(harbor.scheduled).toHaveLength(2);
  });
});
