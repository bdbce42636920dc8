import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { NO_LIMITS } from '../../src/guardrails/limits.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { sextonAs, type Sexton } from '../support/command.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { pushImages } from '../support/guarded.js';

let registry: RegistryServer;
let gateway: TestGateway;
let admin: Sexton;
let count = 0;
let repository = '';
let image = '';

const because = ['--reason', 'a test'] as const;
const status = async (tag: string) =>
  (await headManifest({ registryUrl: registry.url, repository }, tag)).status;

interface MadeKey {
  readonly id: string;
  readonly secret: string;
}

const makeKey = async (name: string, role: string, by: Sexton = admin): Promise<MadeKey> => {
  const scope = role === 'admin' ? [] : ['--scope', 'prod/**:delete,read'];
  const ran = await by('keys', 'create', name, '--role', role, '--owner', name, ...scope, '--json');
  return ran.json<MadeKey>();
};
const person = async (name: string, role: string): Promise<Sexton> =>
  sextonAs(gateway.url, (await makeKey(name, role)).secret);

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    guardrails: { limits: { ...NO_LIMITS, share: { percent: 50, over: 'approval' } } },
  });
  admin = sextonAs(gateway.url, gateway.adminKey);
});

afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

beforeEach(() => {
  repository = `team-a/people${(count += 1)}`;
  image = `prod/${repository}`;
});

describe('a deletion that somebody else has to approve', () => {
  it('is 5 and deletes nothing; whoever asked cannot approve it (6); with the approval it is done', async () => {
    await pushImages(registry.url, repository, 1);
    const [rita, anna] = [await person('rita', 'requester'), await person('anna', 'approver')];
    const asked = await rita('delete', `${image}:v1`, ...because);
    expect(asked.status).toBe(5);
    const [, id = '', hash = ''] = /sexton approve (\S+) --plan-hash (\S+) --reason/.exec(asked.stdout) ?? [];
    expect(asked.stdout).toContain('needs approval (limits.share)');
    expect(await rita('approve', id, ...because)).toMatchObject({ status: 6, stdout: '' });
    expect(await anna('approve', id, ...because, '--plan-hash', `sha256:${'0'.repeat(64)}`)).toMatchObject({
      status: 3,
    });
    expect(await status('v1')).toBe(200);
    expect(await anna('approve', id, ...because, '--plan-hash', hash, '--wait')).toMatchObject({ status: 0 });
    expect(await status('v1')).toBe(404);
  });

  it('ends with a rejection, which is 10 for whoever watches', async () => {
    await pushImages(registry.url, repository, 1);
    const [rita, anna] = [await person('rita', 'requester'), await person('anna', 'approver')];
    const { id } = (await rita('delete', `${image}:v1`, ...because, '--json')).json<DeletionView>();
    expect(await anna('reject', id, '--reason', 'still in use')).toMatchObject({ status: 0 });
    const watched = await rita('status', id, '--watch');
    expect(watched.status).toBe(10);
    expect(watched.stdout).toContain('still in use');
    expect(await status('v1')).toBe(200);
  });
});

describe('sexton keys', () => {
  it('writes a secret to a file that only its owner reads, prints it nowhere, and it works until it is revoked', async () => {
    const home = mkdtempSync(join(tmpdir(), 'sexton-keys-'));
    const file = join(home, 'ci.key');
    const made = await admin(
      'keys', 'create', 'ci', '--role', 'auditor', '--secret-file', file, '--json',
    ); // prettier-ignore
    const secret = readFileSync(file, 'utf8').trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(made.stdout + made.stderr).not.toContain(secret);
    const { id } = made.json<MadeKey>();
    expect(await sextonAs(gateway.url, secret)('registries')).toMatchObject({ status: 0 });
    expect(await admin('keys', 'create', 'x', '--role', 'auditor', '--secret-file', file)).toMatchObject({
      status: 2,
    });
    const rotated = (await admin('keys', 'rotate', id, '--json')).json<MadeKey>();
    expect(await sextonAs(gateway.url, secret)('registries')).toMatchObject({ status: 6 });
    expect(await sextonAs(gateway.url, rotated.secret)('registries')).toMatchObject({ status: 0 });
    expect(await admin('keys', 'revoke', id)).toMatchObject({ status: 0 });
    expect(await sextonAs(gateway.url, rotated.secret)('registries')).toMatchObject({ status: 6 });
    const listed = await admin('keys', 'list');
    expect(listed.stdout).toMatch(new RegExp(`${id} .*revoked`));
    expect(listed.stdout).not.toContain(rotated.secret);
    rmSync(home, { recursive: true });
  });

  it('are not for everybody: 6', async () => {
    expect(await (await person('rita', 'requester'))('keys', 'list')).toMatchObject({
      status: 6,
      stdout: '',
    });
  });
});

describe('sexton holds', () => {
  it('forbids a deletion (3) until it is lifted', async () => {
    await pushImages(registry.url, repository, 3);
    const placed = await admin('holds', 'place', image, '--tags', 'v1', '--reason', 'shipped', '--json');
    expect(placed).toMatchObject({ status: 0 });
    const { id } = placed.json<{ id: string }>();
    const refused = await admin('delete', `${image}:v1`, ...because);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('held');
    expect(await status('v1')).toBe(200);
    expect((await admin('holds', 'list', '--registry', 'prod')).stdout).toContain(`${image}:v1`);
    expect(await admin('holds', 'lift', id, '--reason', 'over')).toMatchObject({ status: 0 });
    expect(await admin('delete', `${image}:v1`, ...because)).toMatchObject({ status: 0 });
  });

  it('a legal one stays until a second person lifts it: 5', async () => {
    const other = await person('olga', 'operator');
    const placed = await admin('holds', 'place', image, '--legal', '--reason', 'case 4711', '--json');
    const { id } = placed.json<{ id: string }>();
    const first = await admin('holds', 'lift', id, '--reason', 'closed');
    expect(first.status).toBe(5);
    expect(first.stdout).toContain('somebody else');
    expect((await other('holds', 'lift', id, '--reason', 'closed')).status).not.toBe(5);
  });

  it('with a tag in its name is refused, because it would hold something else', async () => {
    expect(await admin('holds', 'place', `${image}:v1`, ...because)).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('sexton registries, repositories, tags', () => {
  it('shows what there is, as names that delete takes', async () => {
    const { digest } = await pushImage({ registryUrl: registry.url, repository }, { tags: ['v1'] });
    expect((await admin('registries')).stdout).toMatch(/prod +distribution +reachable +deletion enabled/);
    expect((await admin('repositories', 'prod')).stdout.split('\n')).toContain(image);
    expect((await admin('tags', image)).stdout).toContain(`v1   ${digest}`);
    const json = (await admin('tags', image, '--json')).json<{ items: unknown[] }>();
    expect(json.items).toEqual([expect.objectContaining({ name: 'v1', digest })]);
  });

  it('says that there is no such repository, instead of a table of nothing', async () => {
    const unknown = await admin('tags', `prod/${repository}-mistyped`);
    expect(unknown).toMatchObject({ status: 7, stdout: '' });
    expect(unknown.stderr).toContain(`Registry prod has no repository ${repository}-mistyped`);
  });
});
