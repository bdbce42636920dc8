import type { RepositoryName } from '../oci/names.js';
import type { Capabilities } from './registry.js';

/** How long a probe's answer is believed. A switch that somebody flips shows within this time. */
const TTL_MS = 60_000;

/** The last answer of a registry's probe, for an adapter whose probe is too dear for every piece of work. */
export class ProbeMemory {
  private probed: { readonly capabilities: Capabilities; readonly untilMs: number } | null = null;

  /**
   * What is remembered, or else what `probe` finds out. Null is asked for people who look for what is wrong: what is
   * remembered is shown to them only once `mustAnswer` has asked the registry for a sign of life, and did not throw.
   */
  async recall(
    repository: RepositoryName | null,
    probe: () => Promise<Capabilities>,
    mustAnswer: () => Promise<unknown>,
  ): Promise<Capabilities> {
    if (this.probed && this.probed.untilMs > performance.now()) {
      const { capabilities } = this.probed;
      if (repository === null) await mustAnswer();
      return capabilities;
    }
    const capabilities = await probe();
    // Only what allows work is remembered: a switched-off deletion is asked about anew by everyone who is refused.
    if (capabilities.deletion === 'enabled') {
      this.probed = { capabilities, untilMs: performance.now() + TTL_MS };
    }
    return capabilities;
  }
}
