import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePort } from '../../tools/free-port.js';

/** This checkout's build. */
export const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** As a service manager has it: a process that ended is started again after so long, in milliseconds. */
const RESTART_MS = 300;

/** An end of a process that nobody here asked for. */
export interface UnexpectedEnd {
  readonly process: string;
  readonly how: string;
  /** It had been ready: a fault that a running process must outlive. Otherwise it could not start, and says why. */
  readonly wasReady: boolean;
  readonly lastLines: string;
}

export interface Slot {
  readonly name: string;
  readonly role: 'api' | 'worker';
  readonly url: string;
  /** Names the process that runs in it now. */
  readonly writer: () => string;
  /** Of the process that runs in it now; null while none does. */
  readonly pid: () => number | null;
  /** kill -9, and no restart before `start`. */
  kill(): Promise<void>;
  /** Asks it to end, as a service manager does, and waits until it has; no restart before `start`. */
  end(): Promise<void>;
  /** Runs another build from the next start on, where one is named. */
  start(program?: string): void;
  isReady(): Promise<boolean>;
  freeze(): void;
  wake(): void;
  isFrozen(): boolean;
}

export interface Fleet {
  readonly adminKey: string;
  readonly slots: readonly Slot[];
  readonly unexpectedEnds: readonly UnexpectedEnd[];
  readonly starts: () => number;
  /** Everything that was logged at `error` or above, one line each. */
  readonly errorLines: readonly string[];
  of(role: 'api' | 'worker', slot: number): Slot;
  untilReady(): Promise<void>;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly home: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly apis: number;
  readonly workers: number;
  readonly registryUrlFor: (writer: () => string) => Promise<string>;
  /** More of the registry's entry in sexton.yaml. */
  readonly registry?: Readonly<Record<string, unknown>>;
  /** Slots in which nothing runs before `start`. */
  readonly later?: readonly string[];
  /** `dist/main.js` of the build that the others run; this checkout's by default. */
  readonly program?: string;
}

/** The processes of one installation, each kept running by a supervisor of a few lines, as a service manager would. */
export const startFleet = async (options: FleetOptions): Promise<Fleet> => {
  const adminKey = `sxt_${randomBytes(24).toString('base64url')}`;
  const unexpectedEnds: UnexpectedEnd[] = [];
  const errorLines: string[] = [];
  let starts = 0;
  let isStopping = false;

  const makeSlot = async (role: 'api' | 'worker', index: number): Promise<Slot> => {
    const name = `${role}-${index}`;
    const port = await freePort();
    const home = join(options.home, name);
    await mkdir(home, { recursive: true });
    let generation = 0;
    const writer = () => `${name}#${generation}`;
    const config = {
      registries: {
        prod: {
          type: 'distribution',
          url: await options.registryUrlFor(writer),
          retries: { attempts: 3, base: '50ms', max: '500ms' },
          timeouts: { connect: '2s', request: '5s' },
          maxConcurrentRepositories: 4,
          ...options.registry,
        },
      },
      rateLimit: { requests: 1_000_000 },
      // Long enough for any fault here, as the defaults (12 tries over hours) are for real ones.
      execution: { retryBase: '200ms', retryMax: '2s', attempts: 50, reconcileEvery: '500ms' },
    };
    const configPath = join(home, 'sexton.yaml');
    await writeFile(configPath, stringify(config));
    const env = {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: String(port),
      SEXTON_CONFIG: configPath,
      SEXTON_DATA_DIR: join(home, 'data'),
      SEXTON_ADMIN_KEY: adminKey,
      DATABASE_URL: options.databaseUrl,
      REDIS_URL: options.redisUrl,
    };
    let child: ChildProcess | null = null;
    let build = PROGRAM;
    let exited: Promise<void> = Promise.resolve();
    let isWanted = false;
    let isReady = false;
    let frozen = false;
    let timer: NodeJS.Timeout | null = null;

    const launch = (): void => {
      if (!isWanted || isStopping || child) return;
      generation += 1;
      starts += 1;
      isReady = false;
      const launched = spawn(process.execPath, [build, '--role', role], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = launched;
      let tail = '';
      const hear = (chunk: Buffer): void => {
        const text = chunk.toString();
        tail = (tail + text).slice(-3_000);
        if (text.includes('"msg":"ready"')) isReady = true;
        for (const line of text.split('\n')) {
          if (/"level":(50|60|"error"|"fatal")/.test(line))
            errorLines.push(`${writer()} ${line.slice(0, 600)}`);
        }
      };
      launched.stdout.on('data', hear);
      launched.stderr.on('data', hear);
      exited = new Promise((done) => {
        launched.on('exit', (code, signal) => {
          if (isWanted && !isStopping) {
            const how = signal ?? `code ${code}`;
            unexpectedEnds.push({ process: writer(), how, wasReady: isReady, lastLines: tail });
            timer = setTimeout(launch, RESTART_MS);
          }
          child = null;
          frozen = false;
          done();
        });
      });
    };
    const signal = (which: NodeJS.Signals): void => void child?.kill(which);
    return {
      name,
      role,
      url: `http://127.0.0.1:${port}`,
      writer,
      pid: () => child?.pid ?? null,
      start: (program = build) => {
        build = program;
        isWanted = true;
        launch();
      },
      kill: async () => {
        isWanted = false;
        if (timer) clearTimeout(timer);
        signal('SIGKILL');
        await exited;
      },
      isReady: async () => child !== null && (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
      freeze: () => {
        if (!child) return;
        frozen = true;
        signal('SIGSTOP');
      },
      wake: () => {
        frozen = false;
        signal('SIGCONT');
      },
      isFrozen: () => frozen,
      end: async () => {
        isWanted = false;
        if (timer) clearTimeout(timer);
        signal('SIGCONT');
        signal('SIGTERM');
        const late = setTimeout(() => signal('SIGKILL'), 15_000);
        await exited;
        clearTimeout(late);
      },
    };
  };

  const slots = [
    ...(await Promise.all(Array.from({ length: options.apis }, (_, index) => makeSlot('api', index)))),
    ...(await Promise.all(Array.from({ length: options.workers }, (_, index) => makeSlot('worker', index)))),
  ];
  const first = slots.filter(({ name }) => !options.later?.includes(name));
  for (const slot of first) slot.start(options.program);
  return {
    adminKey,
    slots,
    unexpectedEnds,
    errorLines,
    starts: () => starts,
    of: (role, index) => {
      const slot = slots.find(({ name }) => name === `${role}-${index}`);
      if (!slot) throw new Error(`no ${role}-${index}`);
      return slot;
    },
    untilReady: async () => {
      for (const slot of first) await until(`${slot.name} is ready`, 60_000, () => slot.isReady());
    },
    stop: async () => {
      isStopping = true;
      await Promise.all(slots.map((slot) => slot.end()));
    },
  };
};

/** Asks until the answer is yes; throws with `what` after `ms` milliseconds. A question that fails is a no. */
export const until = async (what: string, ms: number, ask: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + ms;
  for (;;) {
    if (await ask().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error(`not within ${ms / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
};
