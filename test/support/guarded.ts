import { expect, vi } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import type { Role } from '../../src/identity/permissions.js';
import { pushImage } from '../../tools/images.js';
import type { TestApi, TestGateway } from './gateway.js';

/** A key that the admin, or whoever holds `by`, made. */
export const keyOf = async (
  gateway: TestGateway,
  name: string,
  role: Role,
  about: { readonly owner?: string; readonly by?: TestApi } = {},
): Promise<TestApi> => {
  const { owner, by = gateway.api() } = about;
  const scopes = role === 'admin' ? [] : ['prod/**:delete,read'];
  const made = await by
    .post('/v1/api-keys')
    .send({ name, role, scopes, ...(owner && { owner }) })
    .expect(201);
  return gateway.api((made.body as { secret: string }).secret);
};

export const read = async (api: TestApi, id: string): Promise<DeletionView> =>
  (await api.get(`/v1/deletions/${id}`).expect(200)).body as DeletionView;

export const untilState = (
  api: TestApi,
  id: string,
  ...states: DeletionView['state'][]
): Promise<DeletionView> =>
  vi.waitFor(
    async () => {
      const deletion = await read(api, id);
      expect(states).toContain(deletion.state);
      return deletion;
    },
    { timeout: 20_000, interval: 25 },
  );

/** Images `v1` to `v<count>`, each of its own. */
export const pushImages = async (
  registryUrl: string,
  repository: string,
  count: number,
): Promise<string[]> => {
  const tags = Array.from({ length: count }, (_, n) => `v${n + 1}`);
  for (const tag of tags)
    await pushImage({ registryUrl, repository }, { tags: [tag], content: `${repository} ${tag}` });
  return tags;
};

export const auditOf = async (
  gateway: TestGateway,
  deletion: string,
): Promise<{ action: string; outcome: string; code: string | null; actor: { name: string } }[]> => {
  const answer = await gateway.api().get(`/v1/audit/events?deletion=${deletion}&limit=200`).expect(200);
  return (
    answer.body as {
      items: { action: string; outcome: string; code: string | null; actor: { name: string } }[];
    }
  ).items;
};
