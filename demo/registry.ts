import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../tools/free-port.js';
import { registryBinary, startRegistry } from '../tools/registry-server.js';

interface DemoRegistry {
  readonly url: string;
  readonly description: string;
  readonly stop: () => Promise<void>;
}

/** A real registry: the one on PATH, else one in a Docker engine; throws a sentence that says what to install. */
export const provideRegistry = async (): Promise<DemoRegistry> => {
  const binary = registryBinary();
  if (binary !== null) {
    const server = await startRegistry();
    return { url: server.url, description: binary, stop: () => server.stop() };
  }
  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0) return inDocker();
  throw new Error(
    'The demo needs a registry to delete from: install the Debian package docker-registry (sudo apt-get install docker-registry), or start a Docker engine.',
  );
};

const inDocker = async (): Promise<DemoRegistry> => {
  const port = await freePort();
  const name = `sexton-demo-${randomBytes(4).toString('hex')}`;
  const args = ['run', '--rm', '-d', '--name', name, '-p', `127.0.0.1:${port}:5000`];
  const started = spawnSync('docker', [...args, '-e', 'REGISTRY_STORAGE_DELETE_ENABLED=true', 'registry:2'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (started.status !== 0) throw new Error('Docker could not start the image registry:2; see above.');
  const stop = async (): Promise<void> => void spawnSync('docker', ['rm', '-f', name], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(50)) {
    const isUp = await fetch(`${url}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return { url, description: 'registry:2 in Docker', stop };
  }
  await stop();
  throw new Error('The registry:2 container did not answer GET /v2/ within 30 seconds.');
};
