import { describe, expect, it } from 'vitest';
import { ColumnsError, decodeColumns, decodeJson } from '../src/lib/columns';

interface Piece {
  field: string;
  unit: string;
  arrays: string[];
  data: number[][];
}

function encode(times: number[], pieces: Piece[], headerExtra: object = {}): ArrayBuffer {
  const header = new TextEncoder().encode(
    JSON.stringify({
      mode: 'raw',
      step_s: 0,
      points: times.length,
      channels: pieces.map(({ field, unit, arrays }) => ({ field, unit, arrays })),
      gaps: [],
      ...headerExtra,
    }),
  );
  const start = Math.ceil((8 + header.length) / 8) * 8;
  const arrays = pieces.flatMap((piece) => piece.data);
  const buffer = new ArrayBuffer(start + times.length * 8 + arrays.length * times.length * 4);
  const bytes = new Uint8Array(buffer);
  bytes.set(new TextEncoder().encode('PVQ1'));
  bytes.set(header, 8);
  const view = new DataView(buffer);
  view.setUint32(4, header.length, true);
  let offset = start;
  for (const t of times) {
    view.setFloat64(offset, t, true);
    offset += 8;
  }
  for (const values of arrays) {
    for (const value of values) {
      view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return buffer;
}

const bucketed: Piece = { field: 'a_W', unit: 'W', arrays: ['min', 'max', 'mean'], data: [[1, 2], [5, 6], [3, NaN]] };

describe('decodeColumns', () => {
  it('reads times and the arrays in the order the header names them', () => {
    const swapped: Piece = { field: 'b_V', unit: 'V', arrays: ['mean', 'min', 'max'], data: [[230, 231], [229, 230], [232, 233]] };
    const result = decodeColumns(encode([1_700_000_000, 1_700_000_600], [bucketed, swapped]));
    expect([...result.times]).toEqual([1_700_000_000, 1_700_000_600]);
    expect([...result.channels[0]!.min!]).toEqual([1, 2]);
    expect([...result.channels[0]!.max!]).toEqual([5, 6]);
    expect([...result.channels[0]!.mean]).toEqual([3, NaN]);
    expect([...result.channels[1]!.mean]).toEqual([230, 231]);
    expect([...result.channels[1]!.max!]).toEqual([232, 233]);
  });

  it('works for every remainder of the header length by eight', () => {
    for (let n = 0; n < 8; ++n) {
      const result = decodeColumns(encode([5], [{ field: 'x'.repeat(n), unit: '', arrays: ['mean'], data: [[7]] }]));
      expect(result.channels[0]!.mean[0]).toBe(7);
      expect(result.channels[0]!.min).toBeNull();
    }
  });

  it('takes an answer without points or channels', () => {
    expect(decodeColumns(encode([], [])).times.length).toBe(0);
  });

  it('refuses what does not begin with the mark', () => {
    expect(() => decodeColumns(new TextEncoder().encode('{"title":"x"}   ').buffer)).toThrow(ColumnsError);
    expect(() => decodeColumns(new ArrayBuffer(3))).toThrow(ColumnsError);
  });

  it('refuses an answer cut anywhere', () => {
    const whole = encode([1, 2], [bucketed]);
    for (let length = 0; length < whole.byteLength; ++length) {
      expect(() => decodeColumns(whole.slice(0, length)), `cut at ${length}`).toThrow(ColumnsError);
    }
  });

  it('refuses bytes left over and counts that lie', () => {
    const whole = new Uint8Array(encode([1, 2], [bucketed]));
    const longer = new Uint8Array(whole.length + 4);
    longer.set(whole);
    expect(() => decodeColumns(longer.buffer)).toThrow(ColumnsError);
    expect(() => decodeColumns(encode([1, 2], [bucketed], { points: 3 }))).toThrow(ColumnsError);
    expect(() => decodeColumns(encode([1, 2], [bucketed], { points: -1 }))).toThrow(ColumnsError);
    expect(() => decodeColumns(encode([1], [{ ...bucketed, arrays: ['median'], data: [[1]] }]))).toThrow(ColumnsError);
  });
});

describe('decodeJson', () => {
  it('gives the same shape, with NaN for null', () => {
    const result = decodeJson({
      from: 0, to: 2, generation: 1, zone: 'UTC', mode: 'raw', step_s: 0, times: [0, 1],
      channels: [{ field: 'a', unit: 'W', mean: [1, null] }],
      summary: [], coverage: 1, events: [], gaps: [], events_truncated: false, gaps_truncated: false,
    });
    expect([...result.channels[0]!.mean]).toEqual([1, NaN]);
    expect(result.channels[0]!.max).toBeNull();
  });
});
