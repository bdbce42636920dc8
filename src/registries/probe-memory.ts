import type { RepositoryName } from '../oci/names.js';
import type { Capabilities } from './registry.js';

/** How long a probe's answer is believed. A switch that somebody flips shows within this time. */
const TTL_MS = 60_000;

/** The last answer of a registry's probe, for an adapter whose probe is too dear for every piece of work. */
export class ProbeMemory {
  private probed: { readonly capabilities: Capabilities; readonly untilMs: number } | null = null;

  /** What is remembered, for work in a repository; null, of people who look for what is wrong, is asked anew. */
  async recall(repository: RepositoryName | null, probe: () => Promise<Capabilities>): Promise<Capabilities> {
    if (repository !== null && this.probed && this.probed.untilMs > performance.now()) {
      return this.probed.capabilities;
    }
    const capabilities = await probe();
    // Only what allows work is remembered: a switched-off deletion is asked about anew by everyone who is refused.
    if (capabilities.deletion === 'enabled') {
      this.probed = { capabilities, untilMs: performance.now() + TTL_MS };
    }
    return capabilities;
  }
}
