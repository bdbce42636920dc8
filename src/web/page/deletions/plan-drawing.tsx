import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Deletion } from '../../../public-api/openapi.js';
import { graphOf } from './plan-graph.js';
import { pictureOf, type Box } from './plan-layout.js';

/** The plan as a small picture; the table below it says the same in words. */
export const PlanDrawing = ({ deletion }: { readonly deletion: Deletion }): JSX.Element | null => {
  const id = useId();
  const picture = pictureOf(graphOf(deletion));
  if (picture.boxes.length === 0) return null;
  return (
    <figure class="plan">
      <figcaption>
        <span id={id}>{picture.summary}</span>
        <span class="legend" aria-hidden="true">
          <span class="key goes">goes</span>
          <span class="key stays">stays</span>
          <span class="key line">holds</span>
          <span class="key dashed">speaks about</span>
        </span>
      </figcaption>
      {/* Wider than a phone: it scrolls, also with the keyboard. */}
      <div class="scroll" tabIndex={0} role="region" aria-label="Picture of the plan">
        <svg
          role="img"
          aria-labelledby={id}
          width={picture.width}
          height={picture.height}
          viewBox={`0 0 ${picture.width} ${picture.height}`}
        >
          {picture.edges.map(({ id: edge, as, path }) => (
            <path key={edge} class={`edge ${as}`} d={path} />
          ))}
          {picture.boxes.map((box) => (
            <PlanBox key={box.id} box={box} />
          ))}
        </svg>
      </div>
      {picture.hidden > 0 && <p class="hint">And {picture.hidden} more, in the table.</p>}
    </figure>
  );
};

const TAG_LETTERS = 13;

const PlanBox = ({ box }: { readonly box: Box }): JSX.Element => {
  const isTag = box.form === 'tag';
  return (
    <g class={`box ${box.form} ${box.fate}`}>
      <title>
        {isTag ? box.title : box.id}: {box.line}
      </title>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={isTag ? box.height / 2 : 6} />
      <text class="title" x={box.x + 12} y={box.y + 18}>
        {isTag ? shortened(box.title) : box.title}
      </text>
      {isTag ? (
        <text class="line" x={box.x + box.width - 12} y={box.y + 18} text-anchor="end">
          {box.line}
        </text>
      ) : (
        <text class="line" x={box.x + 12} y={box.y + 36}>
          {box.line}
        </text>
      )}
      {box.tagsLine !== null && (
        <text class="tags" x={box.x + 12} y={box.y + 53}>
          {box.tagsLine}
        </text>
      )}
    </g>
  );
};

const shortened = (tag: string): string =>
  tag.length > TAG_LETTERS ? `${tag.slice(0, TAG_LETTERS - 1)}…` : tag;
