import type { JSX } from 'preact';
import type { RegistryWindows } from '../../../public-api/openapi.js';
import { Badge } from '../parts/badge.js';
import { Exactly } from '../parts/when.js';
import { counted } from '../parts/words.js';
import { forecastInWords, windowsInWords } from './windows-in-words.js';

/** When each registry may be collected. */
export const WindowsPanel = ({ items }: { readonly items: readonly RegistryWindows[] }): JSX.Element => (
  <section aria-labelledby="windows">
    <h2 id="windows">Maintenance windows</h2>
    {items.length === 0 ? (
      <p class="empty">No registry that you may see is collected. The configuration says which are.</p>
    ) : (
      <ul class="tiles">
        {items.map((registry) => (
          <li key={registry.registry} class="card tile">
            <p class="tile-head">
              <strong>{registry.registry}</strong>
              <Badge of={registry.isOpen ? 'open' : 'closed'} />
            </p>
            <p class="small muted">collected by: {registry.engine}</p>
            {windowsInWords(registry).map((line) => (
              <p key={line}>{line}</p>
            ))}
            {registry.windows.length === 0 && <p class="muted">no window: only at once, by an operator</p>}
            {registry.opensAt !== null && (
              <p>
                Opens <Exactly at={registry.opensAt} />
              </p>
            )}
            {registry.isOpen && registry.closesAt !== null && (
              <p>
                Closes <Exactly at={registry.closesAt} />
              </p>
            )}
            {registry.blackouts.map(({ from, until }) => (
              <p key={from} class="small">
                Closed from {from} to {until}
              </p>
            ))}
            {registry.waiting > 0 && <p>{counted(registry.waiting, 'collection')} waiting</p>}
            {forecastInWords(registry) !== null && <p class="small">{forecastInWords(registry)}</p>}
          </li>
        ))}
      </ul>
    )}
  </section>
);
