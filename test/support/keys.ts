import type { TestApi, TestGateway } from './gateway.js';

export interface TestKey {
  readonly id: string;
  readonly api: TestApi;
}

/** A new API key of this gateway, made by the admin or by whoever `maker` is. */
export const makeKey = async (
  gateway: TestGateway,
  key: { readonly role: string; readonly scopes?: readonly string[]; readonly owner?: string },
  maker: TestApi = gateway.api(),
): Promise<TestKey> => {
  const made = await maker
    .post('/v1/api-keys')
    .send({ name: key.owner ?? key.role, scopes: ['prod/**:delete,read'], ...key })
    .expect(201);
  const { id, secret } = made.body as { id: string; secret: string };
  return { id, api: gateway.api(secret) };
};
