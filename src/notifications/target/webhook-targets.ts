import { SextonError } from '../../errors/sexton-error.js';
import type { AddressRules } from './address-rules.js';
import { AddressNotAllowed, allowedAddresses, systemResolve, type Resolve } from './guarded-connect.js';

/** Says of a URL, before it is stored, whether it could be connected to; the connection itself is checked again. */
export class WebhookTargets {
  constructor(
    private readonly rules: AddressRules,
    private readonly resolve: Resolve = systemResolve,
  ) {}

  /** Throws `webhook_target_refused`. */
  async assertAllowed(url: string): Promise<void> {
    const { hostname } = new URL(url);
    try {
      await allowedAddresses(hostname, this.rules, this.resolve);
    } catch (error) {
      const why =
        error instanceof AddressNotAllowed
          ? 'leads to an address that is not public, and that nobody allowed'
          : 'could not be resolved';
      const message = `the host ${hostname} ${why}`;
      throw new SextonError('webhook_target_refused', {
        detail: `/url: ${message}`,
        faults: [{ path: '/url', message }],
      });
    }
  }
}
