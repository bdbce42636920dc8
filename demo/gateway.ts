import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { startServer, type ChildServer } from '../tools/child-server.js';
import { freePort } from '../tools/free-port.js';
import type { DeletionView } from '../src/deletions/deletions.dto.js';

interface Answer {
  readonly status: number;
  readonly deletion: DeletionView | null;
  readonly problem: { readonly code: string; readonly detail: string } | null;
}

/** A gateway of the demo's own: the built program, an empty data directory, one registry. */
export class Gateway {
  private constructor(
    readonly url: string,
    readonly key: string,
    private readonly server: ChildServer,
    private readonly home: string,
  ) {}

  static async start(registryUrl: string): Promise<Gateway> {
    const home = await mkdtemp(join(tmpdir(), 'sexton-demo-'));
    const config = join(home, 'sexton.yaml');
    await writeFile(config, stringify({ registries: { demo: { type: 'distribution', url: registryUrl } } }));
    const key = `sxt_${randomBytes(24).toString('base64url')}`;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = {
      // Nothing else of this environment: a DATABASE_URL or a REDIS_URL set here is somebody's own.
      PATH: process.env['PATH'],
      TMPDIR: process.env['TMPDIR'],
      SEXTON_CONFIG: config,
      SEXTON_DATA_DIR: join(home, 'data'),
      SEXTON_ADMIN_KEY: key,
      HOST: '127.0.0.1',
      PORT: String(port),
    };
    const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
    const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;
    try {
      const server = await startServer(process.execPath, [program], isReady, env, { detached: true });
      return new Gateway(url, key, server, home);
    } catch (error) {
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** `POST /v1/deletions` on the demo's registry. */
  async ask(body: Record<string, unknown>): Promise<Answer> {
    const response = await fetch(`${this.url}/v1/deletions`, {
      method: 'POST',
      headers: { ...this.headers(), 'content-type': 'application/json' },
      body: JSON.stringify({ registry: 'demo', ...body }),
    });
    const json: unknown = await response.json();
    return response.ok
      ? { status: response.status, deletion: json as DeletionView, problem: null }
      : { status: response.status, deletion: null, problem: json as NonNullable<Answer['problem']> };
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { headers: this.headers() });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The events of a deletion until it ends. */
  async *events(
    id: string,
  ): AsyncGenerator<{ readonly type: string; readonly data: Record<string, unknown> }> {
    const response = await fetch(`${this.url}/v1/deletions/${id}/events`, { headers: this.headers() });
    if (!response.ok || !response.body) throw new Error(`no events of ${id}: ${response.status}`);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const type = /^event: (.*)$/m.exec(block)?.[1] ?? 'message';
        const data = /^data: (.*)$/m.exec(block)?.[1] ?? '{}';
        yield { type, data: JSON.parse(data) as Record<string, unknown> };
      }
    }
  }

  private headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }
}
