import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Deletion, Plan } from '../../../public-api/openapi.js';
import { Badge } from '../parts/badge.js';
import { bytesInWords, counted, shortDigest, shortName } from '../parts/words.js';

/** Rows that are shown at once; a plan can have many thousands. */
const AT_FIRST = 50;
const STEP = 200;

const WHY: Readonly<Record<Plan['targets'][number]['because'], string>> = {
  requested: 'asked for',
  sibling: 'same digest',
  child: 'child of an index',
  referrer: 'referrer',
};

/** Every target of the plan in the order of execution, with what became of it. */
export const TargetTable = ({
  deletion,
  plan,
}: {
  readonly deletion: Deletion;
  readonly plan: Plan;
}): JSX.Element => {
  const [shown, setShown] = useState(AT_FIRST);
  const outcomes = new Map(
    deletion.targets.map((target) => [`${target.reference} ${target.digest}`, target]),
  );
  const hidden = plan.targets.length - shown;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="Targets">
        <table>
          <caption>{counted(plan.targets.length, 'target')}, in the order of execution</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Digest</th>
              <th scope="col">Why</th>
              <th scope="col">Tags</th>
              <th scope="col">Size</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {plan.targets.slice(0, shown).map((target) => {
              const done = outcomes.get(`${target.reference} ${target.digest}`);
              return (
                <tr key={`${target.reference} ${target.digest}`}>
                  <th scope="row">
                    {target.kind}{' '}
                    {target.reference !== target.digest && (
                      <span title={target.reference}>{shortName(target.reference)}</span>
                    )}
                  </th>
                  <td>
                    <code title={target.digest}>{shortDigest(target.digest)}</code>
                  </td>
                  <td>{WHY[target.because]}</td>
                  <td>
                    {target.tags.length === 0 ? (
                      <span class="muted">none</span>
                    ) : (
                      target.tags.map(shortName).join(', ')
                    )}
                  </td>
                  <td class="number">{bytesInWords(target.size)}</td>
                  <td>
                    {done?.outcome ? <Badge of={done.outcome} /> : <span class="muted">not done</span>}
                    {done?.message && <p class="small">{done.message}</p>}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {hidden > 0 && (
        <button type="button" class="more" onClick={() => setShown((count) => count + STEP)}>
          {counted(hidden, 'more target')}
        </button>
      )}
    </>
  );
};
