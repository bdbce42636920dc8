import { createServer } from 'node:http';

export interface ControlServer {
  readonly url: string;
  /** Names that were called, in order. */
  readonly calls: string[];
  /** What a call of this name does; what throws fails the command. */
  on(name: string, act: () => Promise<void> | void): void;
  /** A command for sexton.yaml that calls this name; `more` are arguments that it ignores. */
  command(name: string, ...more: string[]): string[];
  stop(): Promise<void>;
}

/** Lets commands that Sexton runs do things in the test: the program is real, what it does stands in the test. */
export const startControlServer = async (): Promise<ControlServer> => {
  const acts = new Map<string, () => Promise<void> | void>();
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    calls.push(name);
    Promise.resolve()
      .then(() => acts.get(name)?.())
      .then(
        () => response.writeHead(200).end(),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the control server has no address');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    calls,
    on: (name, act) => void acts.set(name, act),
    command: (name, ...more) => {
      const code = `const r = await fetch('${url}/${name}'); console.log(await r.text()); process.exit(r.ok ? 0 : 1)`;
      return [process.execPath, '--input-type=module', '-e', code, ...more];
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
};
