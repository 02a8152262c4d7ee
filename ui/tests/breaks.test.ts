import { describe, expect, it } from 'vitest';
import { axisWithBreaks, drawnColumn, isolatedPoints, lowerBound, nearestValue } from '../src/chart/breaks';

const nan = NaN;

describe('lines and gaps', () => {
  it('joins over the rows of other loggers', () => {
    const axis = axisWithBreaks([0, 5, 10, 15], [], 0);
    expect(drawnColumn(Float64Array.of(1, nan, 2, nan), axis, [])).toEqual([1, undefined, 2, undefined]);
  });

  it('breaks where the gap holds an instant of another logger', () => {
    const gaps = [{ logger: 'a', from: 600, to: 3000 }];
    const axis = axisWithBreaks([0, 900, 1800, 3000], gaps, 0);
    expect(axis.times).toEqual([0, 900, 1800, 3000]);
    expect(drawnColumn(Float64Array.of(1, nan, nan, 2), axis, gaps)).toEqual([1, null, null, 2]);
  });

  it('puts an instant into a gap that holds none', () => {
    const gaps = [{ logger: 'a', from: 600, to: 3000 }];
    const axis = axisWithBreaks([0, 3000, 3600], gaps, 0);
    expect(axis.times).toEqual([0, 1800, 3000, 3600]);
    expect(axis.origin).toEqual([0, -1, 1, 2]);
    expect(drawnColumn(Float64Array.of(1, 2, 3), axis, gaps)).toEqual([1, null, 2, 3]);
    // A logger without that gap goes on unbroken.
    expect(drawnColumn(Float64Array.of(1, 2, 3), axis, [])).toEqual([1, undefined, 2, 3]);
  });

  it('keeps a measured value that lies in a gap', () => {
    const gaps = [{ logger: 'a', from: 0, to: 20 }];
    expect(drawnColumn(Float64Array.of(1, 2, nan, 3), axisWithBreaks([0, 5, 10, 20], gaps, 0), gaps)).toEqual([1, 2, null, 3]);
  });

  it('leaves gaps outside the data and inside one bucket alone', () => {
    expect(axisWithBreaks([100, 200], [{ logger: 'a', from: 0, to: 90 }, { logger: 'a', from: 210, to: 900 }], 0).times).toEqual([100, 200]);
    expect(axisWithBreaks([0, 3600, 7200], [{ logger: 'a', from: 3700, to: 5000 }], 3600).times).toEqual([0, 3600, 7200]);
  });

  it('breaks long silences where the gaps are not all listed', () => {
    const axis = axisWithBreaks([0, 10, 20, 90, 100], [], 0);
    expect(drawnColumn(Float64Array.of(1, nan, nan, 2, 3), axis, [], 30)).toEqual([1, null, null, 2, 3]);
    expect(drawnColumn(Float64Array.of(1, nan, 2, nan, 3), axis, [], 80)).toEqual([1, undefined, 2, undefined, 3]);
  });
});

describe('isolatedPoints', () => {
  it('finds values without a neighbour to be joined to', () => {
    expect(isolatedPoints([1, null, 2, null, 3, undefined, 4])).toEqual([0, 2]);
    expect(isolatedPoints([undefined, 7, undefined])).toEqual([1]);
    expect(isolatedPoints([1, 2, null, 3])).toEqual([3]);
    expect(isolatedPoints([null, null])).toEqual([]);
  });
});

describe('nearestValue', () => {
  const times = [0, 10, 20, 30];
  it('takes the nearest within reach', () => {
    expect(nearestValue([1, undefined, 3, 4], times, 11, 15)).toBe(2);
    expect(nearestValue([1, undefined, undefined, 4], times, 12, 15)).toBe(0);
    expect(nearestValue([1, null, null, 4], times, 15, 10)).toBe(-1);
    expect(nearestValue([1, 2, 3, 4], times, 20, 10)).toBe(2);
    expect(nearestValue([], [], 20, 10)).toBe(-1);
  });
  it('agrees with a plain search over many cases', () => {
    let seed = 7;
    const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
    for (let round = 0; round < 500; ++round) {
      const n = 1 + Math.floor(next() * 12);
      const at = Array.from({ length: n }, (_, i) => i * 10);
      const drawn = at.map(() => (next() < 0.5 ? 1 : undefined));
      const t = Math.floor(next() * n * 10);
      const reach = next() * 40;
      const best = Math.min(...at.filter((_, i) => drawn[i] === 1).map((x) => Math.abs(x - t)));
      const found = nearestValue(drawn, at, t, reach);
      if (best > reach) expect(found).toBe(-1);
      else expect(Math.abs(at[found]! - t)).toBe(best);
    }
  });
});

describe('lowerBound', () => {
  it('finds the first not before', () => {
    expect([-1, 0, 5, 10, 25, 31].map((t) => lowerBound([0, 10, 20, 30], t))).toEqual([0, 0, 1, 1, 3, 4]);
  });
});
