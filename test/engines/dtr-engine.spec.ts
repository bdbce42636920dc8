import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DtrEngine } from '../../src/collections/engines/dtr/dtr-engine.js';
import { JobApi } from '../../src/collections/engines/job-api.js';
import { USER } from '../../tools/fakes/contract-server.js';
import { startDtrJobsServer, type DtrJobsServer } from '../../tools/fakes/dtr-jobs-server.js';
import { HOUR, NIGHT } from '../support/collections.js';
import { registryOptions } from '../support/gateway.js';
import { engineRun } from './engine-run.js';

let dtr: DtrJobsServer;
const engine = (action: 'onlinegc' | 'gc' = 'onlinegc') =>
  new DtrEngine(action, new JobApi(registryOptions('prod', dtr.url, { credentials: USER })), 1);

/** Says yes, and changes the server's mind about its jobs after so many questions. */
const yesThen = (rounds: number, act: () => void) => {
  let asked = 0;
  return async () => {
    if ((asked += 1) === rounds) act();
    return true;
  };
};

beforeEach(async () => {
  dtr = await startDtrJobsServer();
});

afterEach(async () => {
  await dtr?.stop();
  expect(dtr.violations).toEqual([]);
});

describe('DTR’s jobs', () => {
  it('are submitted, followed to their end, and their log is the report', async () => {
    const run = engineRun({ mayGoOn: yesThen(3, () => dtr.become('done')) });
    expect(await engine().collect(run)).toMatchObject({ isFinished: true });
    expect(dtr.submitted).toMatchObject([{ action: 'onlinegc', deadline: '' }]);
    expect(run.checkpoints).toHaveLength(2);
    expect(run.reports.at(-1)?.findings).toEqual([
      { kind: 'log', line: 'starting garbage collection' },
      { kind: 'log', line: 'deleted 3 layers' },
    ]);
  });

  it('carry the end of the window as their deadline', async () => {
    const closesMs = () => NIGHT + 2 * HOUR;
    await engine('gc').collect(engineRun({ closesMs, mayGoOn: yesThen(1, () => dtr.become('done')) }));
    expect(dtr.submitted).toMatchObject([{ action: 'gc', deadline: '7200s' }]);
  });

  it.each(['cancel', 'canceled', 'worker_shutdown', 'errored'])(
    'are cancelled when they may not go on, and waited for until they are %s',
    async (status) => {
      dtr.endCancelledAs(status);
      let asked = 0;
      const mayGoOn = async () => (asked += 1) < 2;
      expect(await engine().collect(engineRun({ mayGoOn }))).toMatchObject({ isFinished: false });
      expect(dtr.requests.filter((request) => request.endsWith('/cancel'))).toHaveLength(1);
    },
  );

  it.each(['error', 'errored', 'deleted'])('that end as %s by themselves fail', async (status) => {
    const run = engineRun({ mayGoOn: yesThen(2, () => dtr.become(status)) });
    await expect(engine().collect(run)).rejects.toMatchObject({ code: 'collection_job_failed' });
    expect(run.reports.at(-1)?.findings).toHaveLength(2);
  });

  it('that a process which died had submitted are gone on with, noted or not', async () => {
    const open = dtr.addJob('onlinegc', 'running');
    await engine().collect(engineRun({ mayGoOn: yesThen(1, () => dtr.become('done')) }));
    await engine().collect(engineRun({ checkpoint: { job: open } }));
    expect(dtr.submitted).toEqual([]);
  });

  it('are left running when Sexton stops', async () => {
    const stopping = new AbortController();
    const mayGoOn = async () => {
      stopping.abort(new Error('Sexton is stopping'));
      return false;
    };
    await expect(engine().collect(engineRun({ mayGoOn, signal: stopping.signal }))).rejects.toThrow();
    expect(dtr.requests.filter((request) => request.endsWith('/cancel'))).toEqual([]);
  });

  it('have no dry run: nothing is submitted', async () => {
    const asked = engine().collect(engineRun({ mode: 'dry-run' }));
    await expect(asked).rejects.toMatchObject({ code: 'not_supported_by_engine' });
    expect(dtr.requests).toEqual([]);
  });
});
