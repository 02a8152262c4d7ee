// Turns a column into what uPlot draws: a number is a point, `undefined` is joined over (another logger's
// row), `null` breaks the line (nothing was measured). A line is never drawn across a gap of its logger.

import type { Values } from '../lib/columns';
import type { Gap } from '../lib/types';

export type Drawn = (number | null | undefined)[];

// First index with times[i] >= t.
export function lowerBound(times: ArrayLike<number>, t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Axis {
  times: number[];
  // Index into the answer's times, or -1 where an instant was put in to break lines at a gap.
  origin: number[];
}

// Where a gap holds no instant of the answer, lines would cross it: an instant is put in its middle.
// Gaps narrower than two buckets vanish in the drawing and need none.
export function axisWithBreaks(times: ArrayLike<number>, gaps: Gap[], bucketSeconds: number): Axis {
  const extra = new Set<number>();
  for (const gap of gaps) {
    if (gap.to - gap.from <= 2 * bucketSeconds) continue;
    const next = lowerBound(times, gap.from + 0.5);
    if (next > 0 && next < times.length && times[next]! >= gap.to) extra.add((gap.from + gap.to) / 2);
  }
  const inserted = [...extra].sort((a, b) => a - b);
  const axis: Axis = { times: [], origin: [] };
  let k = 0;
  for (let i = 0; i < times.length; ++i) {
    while (k < inserted.length && inserted[k]! < times[i]!) {
      axis.times.push(inserted[k++]!);
      axis.origin.push(-1);
    }
    if (k < inserted.length && inserted[k] === times[i]) ++k;
    axis.times.push(times[i]!);
    axis.origin.push(i);
  }
  return axis;
}

// `longest` seconds without a value also break the line; for answers that do not list all their gaps.
export function drawnColumn(values: Values, axis: Axis, gaps: Gap[], longest = Infinity): Drawn {
  const drawn: Drawn = axis.origin.map((i) => {
    const value = i < 0 ? NaN : values[i]!;
    return Number.isNaN(value) ? undefined : value;
  });
  for (const gap of gaps) {
    const end = lowerBound(axis.times, gap.to);
    for (let i = lowerBound(axis.times, gap.from); i < end; ++i) {
      if (drawn[i] === undefined) drawn[i] = null;
    }
  }
  if (longest !== Infinity) {
    let last = -1;
    for (let i = 0; i < drawn.length; ++i) {
      if (typeof drawn[i] !== 'number') continue;
      if (last >= 0 && i > last + 1 && axis.times[i]! - axis.times[last]! > longest) drawn.fill(null, last + 1, i);
      last = i;
    }
  }
  return drawn;
}

// Points with no neighbour to draw a line to: they need a dot to be seen.
export function isolatedPoints(drawn: Drawn): number[] {
  const found: number[] = [];
  let previous = -1;
  let joined = false;
  let broken = true;
  for (let i = 0; i < drawn.length; ++i) {
    const value = drawn[i];
    if (value === null) broken = true;
    if (typeof value !== 'number') continue;
    if (broken && previous >= 0 && !joined) found.push(previous);
    joined = !broken;
    previous = i;
    broken = false;
  }
  if (previous >= 0 && !joined) found.push(previous);
  return found;
}

// Index of the value nearest to `t`, no further than `reach` seconds, or -1.
export function nearestValue(drawn: Drawn, times: number[], t: number, reach: number): number {
  let best = -1;
  let distance = reach;
  const start = lowerBound(times, t);
  for (let i = start; i < times.length && times[i]! - t <= distance; ++i) {
    if (typeof drawn[i] === 'number') {
      best = i;
      distance = times[i]! - t;
      break;
    }
  }
  for (let i = start - 1; i >= 0 && t - times[i]! <= distance; --i) {
    if (typeof drawn[i] === 'number') {
      if (best < 0 || t - times[i]! < distance) best = i;
      break;
    }
  }
  return best;
}
