import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deletionTemplate, runDeletions, type Size, type Template } from './deletion-run.js';
import { scheduleOf } from './schedule.js';
import type { World } from './world.js';
import { judgeWriters } from './writers.js';
import type { Mutation } from './registry-link.js';

/** The short part of `npm run test:faults`, of one seed. */
const SEED = 7;
const size: Size = { repositories: 3, lengthMs: 18_000, faults: 6 };

describe('while its processes and everything it depends on are killed, frozen, cut off and filled up', () => {
  let template: Template<World>;

  beforeAll(async () => {
    template = await deletionTemplate(size);
  });

  afterAll(() => template?.remove());

  it('Sexton keeps what it promised: each deletion ends once and right, one writer at a time, all of it on record', async () => {
    const lines: string[] = [];
    const result = await runDeletions(SEED, size, template, (line) => lines.push(line));
    expect(result.violations, lines.join('\n')).toEqual([]);
    expect(result.facts['deletions']).toBe(template.content.asked.length);
    expect(result.faults.length).toBeGreaterThan(size.faults);
  }, 600_000);
});

describe('the script of faults', () => {
  it('is a function of its seed', () => {
    const options = { lengthMs: 20_000, faults: 12, canFillDisk: true };
    expect(scheduleOf(3, options)).toEqual(scheduleOf(3, options));
    expect(scheduleOf(3, options)).not.toEqual(scheduleOf(4, options));
    expect(scheduleOf(3, { ...options, canFillDisk: false }).map(({ what }) => what.kind)).not.toContain(
      'fill-disk',
    );
  });
});

describe('who judges the writers', () => {
  const A = 'sha256:a';
  const change = (writer: string, from: number, to: number, more: Partial<Mutation> = {}): Mutation => ({
    writer,
    method: 'DELETE',
    repository: 'team-a/app',
    reference: A,
    arrivedAt: from,
    endedAt: to,
    status: 202,
    abandoned: false,
    ...more,
  });
  const judge = (mutations: readonly Mutation[], ends: readonly { at: number }[] = []) =>
    judgeWriters(mutations, {
      frozen: [{ writer: 'worker-2#1', from: 0, to: 1_000 }],
      ends: ends.map(({ at }) => ({ repository: 'team-a/app', digest: A, at })),
      mayGo: new Set([`team-a/app ${A}`]),
    });

  it('sees two at once, but not what a killed or frozen one had left in the network', () => {
    const late = change('worker-1#1', 150, 300);
    expect(judge([change('worker-0#1', 100, 200), late]).violations).toHaveLength(1);
    expect(judge([change('worker-0#1', 100, 140), late])).toMatchObject({ violations: [], takenOver: 1 });
    expect(judge([change('worker-0#1', 100, 200, { abandoned: true }), late])).toMatchObject({
      violations: [],
      leftBehind: 1,
    });
    expect(judge([change('worker-2#1', 100, 200), late]).violations).toEqual([]);
  });

  it('sees what is sent after the end was recorded, and what nobody asked for', () => {
    expect(judge([change('worker-0#1', 500, 510)], [{ at: 400 }]).violations).toHaveLength(1);
    expect(judge([change('worker-0#1', 500, 510)], [{ at: 520 }]).violations).toEqual([]);
    expect(judge([change('worker-0#1', 500, 510, { reference: 'sha256:b' })]).violations).toHaveLength(1);
  });
});
