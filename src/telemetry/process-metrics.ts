import { Gauge, Histogram, type Registry } from 'prom-client';

/** What of a pg.Pool is shown. */
export interface PoolReading {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** What this process does: the requests that it answers, and its connections to the database. */
export class ProcessMetrics {
  private readonly requests: Histogram;
  private readonly connections: Gauge;
  private readonly waiting: Gauge;

  constructor(
    registry: Registry,
    private readonly watch: (read: () => Promise<void>) => void,
  ) {
    this.requests = new Histogram({
      name: 'sexton_http_request_duration_seconds',
      help: 'Answered requests, by route as the code has it; event streams are not counted.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
      registers: [registry],
    });
    this.connections = new Gauge({
      name: 'sexton_database_pool_connections',
      help: 'Connections of this process to the database: busy or idle.',
      labelNames: ['state'],
      registers: [registry],
    });
    this.waiting = new Gauge({
      name: 'sexton_database_pool_waiting',
      help: 'Work of this process that waits for a connection.',
      registers: [registry],
    });
  }

  answered(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status: String(status) }, seconds);
  }

  watchPool(pool: PoolReading): void {
    this.watch(async () => {
      this.connections.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      this.connections.set({ state: 'idle' }, pool.idleCount);
      this.waiting.set(pool.waitingCount);
    });
  }
}
