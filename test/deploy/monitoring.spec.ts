import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { Metrics } from '../../src/telemetry/metrics.js';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const ALERTS = at('deploy/monitoring/alerts.yaml');

const alerts = z
  .object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Sexton[A-Z]/),
            expr: z.string(),
            for: z.string().regex(/^\d+[mh]$/),
            labels: z.object({ severity: z.enum(['critical', 'warning']) }),
            annotations: z.strictObject({ summary: z.string().min(10), runbook_url: z.url() }),
          }),
        ),
      }),
    ),
  })
  .parse(parse(readFileSync(ALERTS, 'utf8')))
  .groups.flatMap(({ rules }) => rules);

const panels = z
  .object({
    panels: z.array(
      z.object({
        id: z.number(),
        title: z.string(),
        type: z.enum(['row', 'timeseries', 'stat']),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.object({ expr: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(at('deploy/monitoring/grafana-dashboard.json'), 'utf8'))).panels;

/** What each metric offers under a name that a query may use, with its labels. */
const offered = new Map<string, readonly string[]>();
for (const metric of new Metrics().registry.getMetricsAsArray()) {
  const labels = 'labelNames' in metric ? z.array(z.string()).parse(metric.labelNames) : [];
  offered.set(metric.name, labels);
  for (const suffix of ['_bucket', '_count', '_sum'])
    offered.set(`${metric.name}${suffix}`, [...labels, 'le']);
}
/** Prometheus adds these to whatever it scrapes. */
const OF_THE_SCRAPE = ['job', 'instance'];

const queries = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

describe('the dashboard and the alerts', () => {
  it.each(queries)('%s asks for what is there: %s', (_, expr) => {
    const names = expr.match(/\b(?:sexton|process|nodejs)_[a-z0-9_]+/g) ?? [];
    expect(names.filter((name) => !offered.has(name))).toEqual([]);
    const known = new Set([...names.flatMap((name) => offered.get(name) ?? []), ...OF_THE_SCRAPE]);
    const used = [
      ...[...expr.matchAll(/(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
      ...[...expr.matchAll(/([a-z]+)(?:=~|=|!=)"/g)].map(([, label = '']) => label),
    ];
    expect(used.filter((label) => !known.has(label))).toEqual([]);
  });

  it('show every metric of Sexton', () => {
    const asked = queries.map(([, expr]) => expr).join(' ');
    const ours = new Metrics().registry.getMetricsAsArray().map(({ name }) => name);
    expect(ours.filter((name) => name.startsWith('sexton_') && !asked.includes(name))).toEqual([]);
  });

  it('lay no panel over another', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it.each(alerts)('say what to do when $alert comes', ({ alert, annotations }) => {
    const guide = readFileSync(at('docs/operations.md'), 'utf8');
    expect(guide).toMatch(new RegExp(`^#### Alert ${alert}\n\n\\S`, 'm'));
    expect(new URL(annotations.runbook_url).hash).toBe(`#alert-${alert.toLowerCase()}`);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  it.skipIf(!promtool)('are rules that Prometheus takes [needs promtool, Debian package prometheus]', () => {
    const checked = spawnSync('promtool', ['check', 'rules', ALERTS], { encoding: 'utf8' });
    expect(checked.status, checked.stderr).toBe(0);
  });
});
