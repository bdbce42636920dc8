import { z } from 'zod';
import { startContractServer, type ContractServer } from './contract-server.js';

/** Body of `POST /system/gc/schedule`. Harbor ignores what it does not know; here that is a mistake. */
const scheduleSchema = z.strictObject({
  schedule: z.strictObject({ type: z.literal('Manual') }),
  parameters: z.strictObject({
    dry_run: z.boolean(),
    // Left out it would mean false, whatever the job's own default says (FACTS §3).
    delete_untagged: z.boolean(),
    workers: z.int().min(1).max(10),
  }),
});

export type HarborParameters = z.infer<typeof scheduleSchema>['parameters'];

type Status = 'Pending' | 'Running' | 'Stopped' | 'Error' | 'Success' | 'Scheduled';

export interface HarborGcServer extends ContractServer {
  readonly scheduled: readonly HarborParameters[];
  /** What the status of every run is from now on. */
  become(status: Status): void;
  /** A run that was begun before. */
  addRun(parameters: HarborParameters, status: Status): number;
}

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const LOG = `2026-11-23T10:00:00Z [INFO] [/jobservice/job/impl/gc/garbage_collection.go:165]: Garbage Collection parameters
2026-11-23T10:00:01Z [INFO] [/jobservice/job/impl/gc/garbage_collection.go:292]: blob eligible for deletion: ${digest('a')}
2026-11-23T10:00:01Z [INFO] [/jobservice/job/impl/gc/garbage_collection.go:292]: blob eligible for deletion: ${digest('b')}
2026-11-23T10:00:01Z [INFO] [/jobservice/job/impl/gc/garbage_collection.go:308]: 1 blobs and 1 manifests eligible for deletion
`;

/** Garbage collection of Harbor's API (FACTS §3), where the real one cannot run. */
export const startHarborGcServer = async (): Promise<HarborGcServer> => {
  const scheduled: HarborParameters[] = [];
  const runs: { id: number; job_status: Status; job_parameters: string }[] = [];
  const add = (parameters: HarborParameters, status: Status): number => {
    const id = runs.length + 1;
    runs.unshift({ id, job_status: status, job_parameters: JSON.stringify(parameters) });
    return id;
  };
  const shown = (run: (typeof runs)[number]) => ({
    ...run,
    job_name: 'GARBAGE_COLLECTION',
    job_kind: 'MANUAL',
    deleted: false,
    creation_time: '2026-11-23T10:00:00.000Z',
    update_time: '2026-11-23T10:00:00.000Z',
  });
  const server = await startContractServer(({ method, path, query, body }, violated) => {
    const [, id, verb] = /^\/api\/v2\.0\/system\/gc\/(\d+)(?:\/(log))?$/.exec(path) ?? [];
    if (path === '/api/v2.0/system/gc/schedule' && method === 'POST') {
      const schedule = scheduleSchema.safeParse(body);
      if (!schedule.success) {
        violated(schedule.error.message);
        return { status: 400, body: { errors: [{ code: 'BAD_REQUEST', message: 'invalid' }] } };
      }
      scheduled.push(schedule.data.parameters);
      const location = `/api/v2.0/system/gc/${add(schedule.data.parameters, 'Pending')}`;
      return { status: 201, headers: { location } };
    }
    if (path === '/api/v2.0/system/gc' && method === 'GET') {
      if (Number(query.get('page_size') ?? 10) > 100) violated('page_size above 100');
      return { status: 200, body: runs.map(shown) };
    }
    const run = runs.find((each) => each.id === Number(id));
    if (!run) return null;
    if (verb === 'log' && method === 'GET') return { status: 200, body: LOG };
    if (verb === undefined && method === 'GET') return { status: 200, body: shown(run) };
    if (verb === undefined && method === 'PUT') {
      if (run.job_status !== 'Running' && run.job_status !== 'Pending') violated('stops what has ended');
      run.job_status = 'Stopped';
      return { status: 200 };
    }
    return null;
  });
  return {
    ...server,
    scheduled,
    become: (status) => {
      for (const run of runs) run.job_status = status;
    },
    addRun: add,
  };
};
