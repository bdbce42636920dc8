import { Agent, fetch, request } from 'undici';
import { z } from 'zod';
import type { World } from './world.js';

/** One pool for the client's side, so that the client does not limit what is measured. */
const agent = new Agent({
  connections: 128,
  pipelining: 1,
  bodyTimeout: 0,
  headersTimeout: 0,
  // Sexton closes a connection that is idle for 5 s; one that is nearly so is not used again.
  keepAliveMaxTimeout: 1000,
});

const createdSchema = z.object({ id: z.string() });
const deletionSchema = z.object({
  state: z.string(),
  targets: z.array(z.object({ outcome: z.string().nullable() })),
});

const headers = ({ installation }: World, more: Record<string, string> = {}): Record<string, string> => ({
  authorization: `Bearer ${installation.adminKey}`,
  'content-type': 'application/json',
  ...more,
});

/** Asks for a deletion without waiting; its id once the request is durable. */
export const ask = async (
  world: World,
  repository: string,
  references: readonly string[],
): Promise<string> => {
  // Not fetch, whose processor time would be taken from the server's, on the same machine.
  const response = await request(`${world.gateway.url}/v1/deletions`, {
    method: 'POST',
    dispatcher: agent,
    headers: headers(world, { prefer: 'respond-async' }),
    body: JSON.stringify({ registry: 'prod', repository, references, reason: 'benchmark' }),
  });
  const body = await response.body.json();
  if (response.statusCode !== 202) throw new Error(`${response.statusCode} ${JSON.stringify(body)}`);
  return createdSchema.parse(body).id;
};

/** Waits for the end of the event stream, then insists that every target is verified gone. */
export const untilGone = async (world: World, id: string): Promise<void> => {
  const at = `${world.gateway.url}/v1/deletions/${id}`;
  const events = await fetch(`${at}/events`, { dispatcher: agent, headers: headers(world) });
  await events.text();
  const response = await fetch(at, { dispatcher: agent, headers: headers(world) });
  const { state, targets } = deletionSchema.parse(await response.json());
  if (state !== 'succeeded' || targets.some(({ outcome }) => outcome !== 'deleted')) {
    throw new Error(`deletion ${id} ended ${state}`);
  }
};

const ACCEPT = 'application/vnd.oci.image.manifest.v1+json';

/** What no client can do without: ask for the digest, delete it. The registry's own limit. */
export const deleteBare = async (
  world: World,
  repository: string,
  references: readonly string[],
): Promise<void> => {
  for (const reference of references) {
    const manifests = `${world.registry.url}/v2/${repository}/manifests`;
    const head = await request(`${manifests}/${reference}`, {
      method: 'HEAD',
      dispatcher: agent,
      headers: { accept: ACCEPT },
      // Keeps the connection, which undici closes after HEAD by default.
      reset: false,
    });
    await head.body.dump();
    const digest = head.headers['docker-content-digest'];
    const gone = await request(`${manifests}/${String(digest)}`, { method: 'DELETE', dispatcher: agent });
    await gone.body.dump();
    if (gone.statusCode !== 202) throw new Error(`${repository}:${reference} ${gone.statusCode}`);
  }
};
