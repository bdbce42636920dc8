import { readFileSync } from 'node:fs';
import { installGateway } from '../../support/gateway-process.js';
import { startRegistry } from '../../../tools/registry-server.js';
import { median, timed, type Figure } from '../report.js';

/** From the start of the process to its readiness, on the embedded default that was initialised before. */
export const start = async (rounds: number): Promise<Figure[]> => {
  const registry = await startRegistry();
  const installation = await installGateway({ registryUrl: registry.url });
  try {
    await (await installation.start()).server.stop();
    const times: number[] = [];
    const rss: number[] = [];
    for (let round = 0; round < rounds; round++) {
      let stop = async (): Promise<void> => undefined;
      times.push(
        await timed(async () => {
          const { server } = await installation.start();
          rss.push(residentMb(server.child.pid));
          stop = () => server.stop();
        }),
      );
      await stop();
    }
    return [
      {
        measured: 'from process start to ready, embedded PostgreSQL initialised before',
        unit: 's',
        sexton: median(times) / 1000,
        peer: { name: 'the limit', value: 3 },
        aim: 'under 3 s',
        met: median(times) < 3000,
      },
      {
        measured: 'memory of an idle process, without PostgreSQL',
        unit: 'MB',
        sexton: median(rss),
        peer: { name: 'the limit', value: 200 },
        aim: 'at most 200 MB',
        met: median(rss) <= 200,
      },
    ];
  } finally {
    await installation.remove();
    await registry.stop();
  }
};

/** Resident memory of one process, in MB of 10^6 bytes. */
export const residentMb = (pid: number | undefined): number => {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1024) / 1e6;
};
