import type { JSX } from 'preact';
import { actsOn } from '../allowed/deletion-acts.js';
import type { Deletion } from '../../../public-api/openapi.js';
import { AskedView } from '../parts/asked-view.js';
import { Badge } from '../parts/badge.js';
import { PageHead } from '../parts/page-head.js';
import { hrefOf } from '../routing/route.js';
import { useSession } from '../sign-in/session.js';
import { Approval } from './approval.js';
import { DeletionActs } from './deletion-acts.js';
import { DeletionFacts } from './deletion-facts.js';
import { Standing } from './standing.js';
import { LiveProgress } from './live-progress.js';
import { PlanDrawing } from './plan-drawing.js';
import { Refusals } from './refusals.js';
import { TargetTable } from './target-table.js';
import { useDeletion } from './use-deletion.js';

export const DeletionPage = ({ id }: { readonly id: string }): JSX.Element => {
  const { asked, again, put } = useDeletion(id);
  return (
    <>
      <p class="back">
        <a href={hrefOf(['deletions'])}>Deletions</a>
      </p>
      {asked.state === 'failed' && <PageHead title="Deletion" />}
      <AskedView asked={asked} what="the deletion" again={again}>
        {(deletion) => <Shown deletion={deletion} onChanged={put} />}
      </AskedView>
    </>
  );
};

const Shown = ({
  deletion,
  onChanged,
}: {
  readonly deletion: Deletion;
  readonly onChanged: (deletion: Deletion) => void;
}): JSX.Element => {
  const { me } = useSession();
  const { plan } = deletion;
  return (
    <>
      <PageHead title={`${deletion.registry}/${deletion.repository}`}>
        <DeletionActs deletion={deletion} acts={actsOn(deletion, me)} onChanged={onChanged} />
      </PageHead>
      <p class="state-line">
        <Badge of={deletion.state} />
        {deletion.dryRun && <span class="muted">asked for as a dry run</span>}
      </p>
      <LiveProgress deletion={deletion} />
      <Standing deletion={deletion} />
      <Approval deletion={deletion} />
      <DeletionFacts deletion={deletion} />
      {plan !== null && (
        <section class="card" aria-labelledby="plan">
          <h2 id="plan">Plan</h2>
          <Refusals plan={plan} />
          <PlanDrawing deletion={deletion} />
          {plan.targets.length === 0 && plan.refusals.length === 0 && (
            <p class="empty">The selector selects nothing, so nothing goes.</p>
          )}
          {plan.targets.length > 0 && <TargetTable deletion={deletion} plan={plan} />}
          {plan.notes.length > 0 && (
            <ul class="notes">
              {plan.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          )}
        </section>
      )}
    </>
  );
};
