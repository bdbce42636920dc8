import type { JSX } from 'preact';
import { AuditPage } from './audit/audit-page.js';
import { CollectionList } from './collections/collection-list.js';
import { AskPage } from './deletions/ask-page.js';
import { DeletionList } from './deletions/deletion-list.js';
import { DeletionPage } from './deletions/deletion-page.js';
import { HoldList } from './holds/hold-list.js';
import { PageHead } from './parts/page-head.js';
import { hrefOf, type Route } from './routing/route.js';
import { useRoute } from './routing/use-route.js';
import { useSession } from './sign-in/session.js';

const SECTIONS = [
  ['deletions', 'Deletions'],
  ['holds', 'Holds'],
  ['collections', 'Collections'],
  ['audit', 'Audit log'],
] as const;

/** The page of somebody who is signed in. */
export const App = ({ onSignOut }: { readonly onSignOut: () => void }): JSX.Element => {
  const { me } = useSession();
  const route = useRoute();
  const [section] = route.path;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>('h1')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href={hrefOf(['deletions'])}>
          Sexton
        </a>
        <nav aria-label="Sections">
          <ul>
            {SECTIONS.map(([name, words]) => (
              <li key={name}>
                <a href={hrefOf([name])} aria-current={isIn(section, name) ? 'page' : undefined}>
                  {words}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="who">
          <span>
            {me.name} <span class="small muted">{me.role}</span>
          </span>
          <button type="button" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main">
        <Section route={route} />
      </main>
    </>
  );
};

const isIn = (section: string | undefined, name: string): boolean =>
  section === name || (section === 'ask' && name === 'deletions');

const Section = ({ route }: { readonly route: Route }): JSX.Element => {
  const [section = '', id] = route.path;
  switch (section) {
    case 'deletions':
      return id === undefined ? <DeletionList route={route} /> : <DeletionPage key={id} id={id} />;
    case 'ask':
      return <AskPage />;
    case 'holds':
      return <HoldList route={route} />;
    case 'collections':
      return <CollectionList />;
    case 'audit':
      return <AuditPage route={route} />;
    default:
      return (
        <>
          <PageHead title="There is nothing here" />
          <p>
            Go to the <a href={hrefOf(['deletions'])}>deletions</a>.
          </p>
        </>
      );
  }
};
