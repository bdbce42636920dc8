import { counted, shortDigest, shortName } from '../parts/words.js';
import type { Fate, ManifestNode, PlanGraph } from './plan-graph.js';

export interface Box {
  readonly id: string;
  readonly form: 'tag' | 'manifest';
  readonly fate: Fate;
  readonly title: string;
  readonly line: string;
  /** Of a manifest below another: its tags. */
  readonly tagsLine: string | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Edge {
  readonly id: string;
  readonly as: 'names' | 'holds' | 'speaks';
  readonly path: string;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  /** Manifests and tags that did not fit in. */
  readonly hidden: number;
  /** The picture in a sentence. */
  readonly summary: string;
}

const TAG = { width: 176, height: 28, gap: 8 };
const NODE = { width: 236, height: 46, gap: 12 };
/** One more line in a box, for tags. */
const TAGS_LINE = 17;
const BETWEEN = 44;
const MARGIN = 2;
const MOST_MANIFESTS = 40;
const MOST_TAGS = 6;
const MOST_TAGS_IN_LINE = 1;

const FATES: Readonly<Record<Fate, string>> = {
  goes: 'goes',
  gone: 'gone',
  back: 'restored',
  stays: 'stays',
};

/**
 * Tags stand left of the manifest that they point at, what it holds and what speaks about it right of it, with its tags
 * in its own box. A manifest stands once, beside the first that holds it; the others get a line to it.
 */
export const pictureOf = (graph: PlanGraph): Picture => {
  const boxes: Box[] = [];
  const edges: Edge[] = [];
  const placed = new Map<string, Box>();
  let hidden = 0;

  const place = (node: ManifestNode, depth: number, top: number): number => {
    const tags = depth === 0 ? tagBoxes(node, top) : NO_TAGS;
    hidden += tags.hidden;
    const own = { ...manifestBox(node, depth), y: top };
    placed.set(node.id, own);
    let bottom = top;
    const links: string[] = [];
    for (const { id, as } of node.below) {
      const below = graph.manifests.get(id);
      if (!below) continue;
      if (!placed.has(id)) {
        if (placed.size >= MOST_MANIFESTS) {
          hidden += 1;
          continue;
        }
        bottom = place(below, depth + 1, bottom) + NODE.gap;
      }
      links.push(`${as} ${id}`);
    }
    const height = Math.max(own.height, tags.height, bottom - NODE.gap - top);
    const box = { ...own, y: top + (height - own.height) / 2 };
    placed.set(node.id, box);
    boxes.push(box);
    const shift = (height - tags.height) / 2;
    for (const tag of tags.boxes) {
      const moved = { ...tag, y: tag.y + shift };
      boxes.push(moved);
      edges.push({ id: `${tag.id}>`, as: 'names', path: curve(moved, box) });
    }
    for (const link of links) {
      const [as = '', id = ''] = link.split(' ');
      const to = placed.get(id);
      if (to)
        edges.push({
          id: `${node.id}>${id}`,
          as: as === 'speaks' ? 'speaks' : 'holds',
          path: curve(box, to),
        });
    }
    return top + height;
  };

  let bottom = MARGIN;
  for (const id of graph.roots) {
    const node = graph.manifests.get(id);
    if (!node) continue;
    if (placed.size >= MOST_MANIFESTS) hidden += 1;
    else bottom = place(node, 0, bottom) + NODE.gap;
  }
  return {
    width: Math.max(0, ...boxes.map((box) => box.x + box.width)) + MARGIN,
    height: bottom - NODE.gap + MARGIN,
    boxes,
    edges,
    hidden,
    summary: summaryOf(graph),
  };
};

const manifestBox = (node: ManifestNode, depth: number): Box => {
  const tagsLine = depth === 0 ? null : tagsInLine(node);
  return {
    id: node.id,
    form: 'manifest',
    fate: node.fate,
    title: node.id.includes(':') ? `${node.kind} ${shortDigest(node.id)}` : node.kind,
    line: `${FATES[node.fate]} · ${node.why}`,
    tagsLine,
    x: MARGIN + TAG.width + BETWEEN + depth * (NODE.width + BETWEEN),
    y: 0,
    width: NODE.width,
    height: NODE.height + (tagsLine === null ? 0 : TAGS_LINE),
  };
};

/** `with v1 and 2 more tags`; of tags that do not go the manifest's way, what becomes of them. */
const tagsInLine = ({ tags, fate }: ManifestNode): string | null => {
  const [first] = tags;
  if (first === undefined) return null;
  const more = tags.length - MOST_TAGS_IN_LINE;
  const others = more > 0 ? ` and ${counted(more, 'more tag')}` : '';
  const own = first.fate === fate ? '' : ` ${FATES[first.fate]}`;
  return `tag ${shortName(first.name)}${own}${others}`;
};

const NO_TAGS = { boxes: [] as readonly Box[], height: 0, hidden: 0 };

const tagBoxes = (node: ManifestNode, top: number) => {
  // Those that go first: they are what one looks for.
  const sorted = [...node.tags].sort((a, b) => Number(a.fate === 'stays') - Number(b.fate === 'stays'));
  const shown = sorted.slice(0, MOST_TAGS);
  const boxes = shown.map(({ name, fate }, at): Box => ({
    id: `${node.id} ${name}`,
    form: 'tag',
    fate,
    title: name,
    line: FATES[fate],
    tagsLine: null,
    x: MARGIN,
    y: top + at * (TAG.height + TAG.gap),
    width: TAG.width,
    height: TAG.height,
  }));
  const height = boxes.length === 0 ? 0 : boxes.length * (TAG.height + TAG.gap) - TAG.gap;
  return { boxes, height, hidden: sorted.length - shown.length };
};

const curve = (from: Box, to: Box): string => {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const bend = (x1 + x2) / 2;
  return `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`;
};

const summaryOf = ({ manifests }: PlanGraph): string => {
  const all = [...manifests.values()];
  const parts = (['goes', 'gone', 'back', 'stays'] as const).flatMap((fate) => {
    const tags = all.flatMap((node) => node.tags).filter((tag) => tag.fate === fate).length;
    const nodes = all.filter((node) => node.fate === fate).length;
    const named = [
      ...(tags > 0 ? [counted(tags, 'tag')] : []),
      ...(nodes > 0 ? [counted(nodes, 'manifest')] : []),
    ];
    if (named.length === 0) return [];
    const isOne = tags + nodes === 1;
    const verb = { goes: isOne ? 'goes' : 'go', gone: isOne ? 'is gone' : 'are gone' };
    const words = { ...verb, back: 'came back', stays: isOne ? 'stays' : 'stay' };
    return [`${named.join(' and ')} ${words[fate]}`];
  });
  return parts.length === 0 ? 'Nothing goes.' : `${parts.join('; ')}.`;
};
