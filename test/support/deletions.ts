import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import type { TestApi } from './gateway.js';

const ENDED = ['refused', 'succeeded', 'partially_succeeded', 'failed', 'cancelled'];

/** Follows the deletion's events until the stream ends, then reads it: no polling, no sleeping. */
export const untilEnded = async (api: TestApi, id: string): Promise<DeletionView> => {
  await api.get(`/v1/deletions/${id}/events`).expect(200);
  const response = await api.get(`/v1/deletions/${id}`).expect(200);
  const deletion = response.body as DeletionView;
  if (!ENDED.includes(deletion.state) && deletion.state !== 'planned') {
    throw new Error(`deletion ${id} did not end: ${deletion.state}`);
  }
  return deletion;
};

/** Asks for a deletion and follows it to its end. */
export const deleteAndWait = async (api: TestApi, body: Record<string, unknown>): Promise<DeletionView> => {
  const response = await api.post('/v1/deletions').send({ reason: 'a test', ...body });
  const instance = response.headers['location'];
  if (typeof instance !== 'string') throw new Error(`not accepted: ${response.status} ${response.text}`);
  return untilEnded(api, instance.split('/').at(-1) ?? '');
};
