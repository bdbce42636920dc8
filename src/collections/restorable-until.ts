import { parseRegistryName, type RegistryName } from '../oci/names.js';
import { hasQuarantine, type CollectionOptions } from './collection-options.js';
import { nextOpening } from './windows/open.js';

/**
 * Until when blobs that nothing needs since `goneAt` are sure to be there. Sexton's own collector keeps them in
 * quarantine for the retention, however soon it comes; any other takes them for good when its next window opens (an
 * operator may ask for it before). Null where Sexton does not collect.
 */
export const restorableUntil =
  (collections: ReadonlyMap<RegistryName, CollectionOptions>) =>
  (registry: string, goneAt: Date): Date | null => {
    const options = collections.get(parseRegistryName(registry));
    if (!options || options.engine.kind === 'none') return null;
    if (hasQuarantine(options.engine.kind)) return new Date(goneAt.getTime() + options.retentionMs);
    const opensMs = nextOpening(options.rules, goneAt.getTime());
    return opensMs === null ? null : new Date(opensMs);
  };
