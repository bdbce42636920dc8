import type { RegistryName } from '../oci/names.js';
import type { WakeUpQueue } from '../queue/wake-up-queue.js';
import type { DeletionExecutor } from './deletion-executor.js';
import type { DeletionPlanner } from './deletion-planner.js';
import type { Reconciler } from './reconciler.js';

/** The part of Sexton that works: it listens for wake-ups of every registry, and reconciles. */
export class Workers {
  constructor(
    private readonly queue: WakeUpQueue,
    private readonly planner: DeletionPlanner,
    private readonly executor: DeletionExecutor,
    private readonly reconciler: Reconciler,
  ) {}

  /** `concurrency` is how many repositories of that registry may be worked on at once. */
  start(registries: readonly { readonly name: RegistryName; readonly concurrency: number }[]): void {
    for (const { name, concurrency } of registries) {
      this.queue.listen('plan', name, concurrency, (repository, signal) =>
        this.planner.planRepository(name, repository, signal),
      );
      this.queue.listen('execute', name, concurrency, (repository, signal) =>
        this.executor.executeRepository(name, repository, signal),
      );
    }
    this.reconciler.start();
  }

  /** Lets each worker finish its target, and hands the rest back. */
  async stop(): Promise<void> {
    await this.reconciler.stop();
    await this.queue.close();
  }
}
