import { Gauge, type Registry } from 'prom-client';

/** What became of a registry's garbage since Sexton collects it, and how its collections go. */
export interface CollectionReading {
  readonly registry: string;
  readonly waiting: number;
  readonly running: number;
  readonly paused: number;
  /** Of the ones that are not over yet. */
  readonly progressBlobs: number;
  readonly quarantinedBytes: number;
  readonly restoredBytes: number;
  readonly purgedBytes: number;
  /** Unix time in seconds; null where none ever did. */
  readonly succeededAt: number | null;
  readonly failedAt: number | null;
}

export interface StopReading {
  readonly registry: string;
  readonly isPaused: boolean;
  readonly isParked: boolean;
}

export interface ApprovalReading {
  readonly registry: string;
  readonly waiting: number;
  readonly oldestSeconds: number;
}

type Watch = (read: () => Promise<void>) => void;

/** What the whole installation has in hand, as the database knows it: every process shows the same. */
export class InstallationMetrics {
  private readonly openCollections: Gauge;
  private readonly progress: Gauge;
  private readonly quarantined: Gauge;
  private readonly restored: Gauge;
  private readonly purged: Gauge;
  private readonly succeeded: Gauge;
  private readonly failed: Gauge;
  private readonly paused: Gauge;
  private readonly parked: Gauge;
  private readonly approvals: Gauge;
  private readonly oldestApproval: Gauge;

  constructor(
    registry: Registry,
    private readonly watch: Watch,
  ) {
    const gauge = (name: string, help: string, ...more: string[]): Gauge =>
      new Gauge({ name, help, labelNames: ['registry', ...more], registers: [registry] });
    this.openCollections = gauge(
      'sexton_collections_open',
      'Collections that are not over, by state.',
      'state',
    );
    this.progress = gauge(
      'sexton_collection_progress_blobs',
      'Blobs that the collections which are not over have moved into quarantine so far.',
    );
    this.quarantined = gauge(
      'sexton_collection_quarantined_bytes',
      'Bytes that collections moved into quarantine, ever.',
    );
    this.restored = gauge(
      'sexton_collection_restored_bytes',
      'Bytes that came back from quarantine, ever: healed, undone or needed by a restore.',
    );
    this.purged = gauge('sexton_collection_purged_bytes', 'Bytes that were purged from quarantine, ever.');
    this.succeeded = gauge(
      'sexton_collection_last_success_timestamp_seconds',
      'When a collection last ended well.',
    );
    this.failed = gauge('sexton_collection_last_failure_timestamp_seconds', 'When a collection last failed.');
    this.paused = gauge(
      'sexton_registry_paused',
      '1 while an operator keeps work on the registry from going on.',
    );
    this.parked = gauge(
      'sexton_registry_parked',
      '1 while the registry is left alone because it failed so often in a row.',
    );
    this.approvals = gauge('sexton_approvals_waiting_deletions', 'Deletions that wait for other people.');
    this.oldestApproval = gauge(
      'sexton_approvals_oldest_waiting_seconds',
      'Age of the oldest deletion that waits for other people.',
    );
  }

  watchCollections(read: () => Promise<readonly CollectionReading[]>): void {
    this.watch(async () => {
      for (const { registry, ...reading } of await read()) {
        for (const state of ['waiting', 'running', 'paused'] as const) {
          this.openCollections.set({ registry, state }, reading[state]);
        }
        this.progress.set({ registry }, reading.progressBlobs);
        this.quarantined.set({ registry }, reading.quarantinedBytes);
        this.restored.set({ registry }, reading.restoredBytes);
        this.purged.set({ registry }, reading.purgedBytes);
        if (reading.succeededAt !== null) this.succeeded.set({ registry }, reading.succeededAt);
        if (reading.failedAt !== null) this.failed.set({ registry }, reading.failedAt);
      }
    });
  }

  watchStops(read: () => Promise<readonly StopReading[]>): void {
    this.watch(async () => {
      for (const { registry, isPaused, isParked } of await read()) {
        this.paused.set({ registry }, Number(isPaused));
        this.parked.set({ registry }, Number(isParked));
      }
    });
  }

  watchApprovals(read: () => Promise<readonly ApprovalReading[]>): void {
    this.watch(async () => {
      const readings = await read();
      this.approvals.reset();
      this.oldestApproval.reset();
      for (const { registry, waiting, oldestSeconds } of readings) {
        this.approvals.set({ registry }, waiting);
        this.oldestApproval.set({ registry }, oldestSeconds);
      }
    });
  }
}
