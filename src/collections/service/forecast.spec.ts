import { describe, expect, it } from 'vitest';
import { forecast } from './forecast.js';

const run = (surveyMs: number, sweepMs: number, blobs: number) => ({ surveyMs, sweepMs, blobs });

describe('the forecast', () => {
  it('is marking once, and the sweep at the pace of the runs before', () => {
    const runs = [run(1_000, 10_000, 100), run(2_000, 20_000, 100), run(3_000, 30_000, 100)];
    expect(forecast(50, runs, 60_000)).toEqual({
      blobs: 50,
      estimatedMs: 12_000,
      windowMs: 60_000,
      fits: true,
    });
    expect(forecast(500, runs, 60_000)).toMatchObject({ estimatedMs: 102_000, fits: false });
    expect(forecast(500, runs, null)).toMatchObject({ fits: true });
  });

  it('takes the pace from runs that swept, and needs none where nothing is to be swept', () => {
    expect(forecast(10, [run(100, 0, 0), run(100, 50, 5)], 1_000)).toMatchObject({ estimatedMs: 200 });
    expect(forecast(0, [run(100, 0, 0)], 1_000)).toMatchObject({ estimatedMs: 100, fits: true });
  });

  it('says nothing where nothing was measured', () => {
    expect(forecast(10, [], 1_000)).toBeNull();
    expect(forecast(10, [run(100, 0, 0)], 1_000)).toBeNull();
    expect(forecast(null, [run(100, 10, 1)], 1_000)).toBeNull();
  });

  it('looks at the last five runs alone', () => {
    const fast = Array.from({ length: 5 }, () => run(10, 10, 10));
    expect(forecast(10, [...fast, run(9_000, 9_000, 1), run(9_000, 9_000, 1)], 1)).toMatchObject({
      estimatedMs: 20,
    });
  });
});
