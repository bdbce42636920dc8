import { z } from 'zod';
import { startContractServer, type ContractServer } from './contract-server.js';

/** `tmpforms.JobSubmission` of DTR 2.7's Swagger: every field is required, and there is no other. */
const submissionSchema = z.strictObject({
  action: z.enum(['onlinegc', 'gc']),
  parameters: z.record(z.string(), z.string()),
  retries: z.int(),
  capacityMap: z.record(z.string(), z.int()),
  // "After this amount of time has passed, a SIGTERM will be sent": a duration as Go reads it, or none.
  deadline: z.string().regex(/^$|^\d+(ms|s|m|h)$/),
  stopTimeout: z.string(),
  scheduledAt: z.union([z.literal(''), z.iso.datetime()]),
});

export type Submission = z.infer<typeof submissionSchema>;

export interface DtrJobsServer extends ContractServer {
  readonly submitted: readonly Submission[];
  /** What the jobs' status is from now on, whoever asks. */
  become(status: string): void;
  /** What a job that was told to cancel becomes, once its worker has seen that. */
  endCancelledAs(status: string): void;
  /** A job that was submitted before, by somebody else or by a process that died. */
  addJob(action: Submission['action'], status: string): string;
}

const LOG = ['starting garbage collection', 'deleted 3 layers'];

/** The jobs of DTR's API (FACTS §2.6), where the real one cannot run. */
export const startDtrJobsServer = async (): Promise<DtrJobsServer> => {
  const submitted: Submission[] = [];
  const jobs: { id: string; action: string; status: string; deadline: string }[] = [];
  let count = 0;
  let cancelled = 'cancel';
  const add = (action: string, status: string, deadline: string) => {
    const id = `1fcf4c0f-ff3b-471a-8839-${String((count += 1)).padStart(12, '0')}`;
    const job = { id, action, status, deadline };
    jobs.unshift(job);
    return job;
  };
  const shown = (job: (typeof jobs)[number]) => ({
    ...job,
    retryFromID: job.id,
    workerID: '000000000000',
    scheduledAt: '2026-11-23T10:00:00.000Z',
    lastUpdated: '2026-11-23T10:00:00.000Z',
    retriesLeft: 0,
    retriesTotal: 0,
    capacityMap: {},
    parameters: null,
    stopTimeout: '',
  });
  const server = await startContractServer(({ method, path, query, body }, violated) => {
    const [, id, verb] = /^\/api\/v0\/jobs\/([0-9a-f-]+)(?:\/(cancel|logs))?$/.exec(path) ?? [];
    if (path === '/api/v0/jobs' && method === 'GET') {
      for (const name of query.keys()) {
        if (!['action', 'worker', 'running', 'start', 'limit'].includes(name)) violated(`query ${name}`);
      }
      const wanted = query.get('action') ?? 'any';
      const found = jobs.filter(({ action }) => wanted === 'any' || action === wanted);
      return { status: 200, body: { jobs: found.slice(0, Number(query.get('limit') ?? 10)).map(shown) } };
    }
    if (path === '/api/v0/jobs' && method === 'POST') {
      const submission = submissionSchema.safeParse(body);
      if (!submission.success) {
        violated(submission.error.message);
        return { status: 400, body: { errors: [{ code: 'INVALID_JSON', message: 'invalid' }] } };
      }
      submitted.push(submission.data);
      return { status: 202, body: shown(add(submission.data.action, 'waiting', submission.data.deadline)) };
    }
    const job = jobs.find((each) => each.id === id);
    if (!job) return null;
    if (verb === undefined && method === 'GET') {
      const body = shown(job);
      if (job.status === 'cancel_request') job.status = cancelled;
      return { status: 200, body };
    }
    if (verb === 'cancel' && method === 'POST') {
      job.status = 'cancel_request';
      return { status: 204 };
    }
    if (verb === 'logs' && method === 'GET') {
      return { status: 200, body: LOG.map((data, lineNum) => ({ data: `${data}\n`, lineNum })) };
    }
    return null;
  });
  return {
    ...server,
    submitted,
    become: (status) => {
      for (const job of jobs) job.status = status;
    },
    endCancelledAs: (status) => {
      cancelled = status;
    },
    addJob: (action, status) => add(action, status, '').id,
  };
};
