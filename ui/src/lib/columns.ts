// Decodes the columnar answer of …/query (application/vnd.powerview.columns):
// "PVQ1", uint32 LE header length, JSON header, zeros up to a multiple of 8,
// float64 LE times[n], then each channel's arrays in order as float32 LE [n]; NaN where nothing.
// The bytes are checked against the header before any array is made; a misfit throws ColumnsError.

import type { ChannelSummary, Gap, LoggerEvent } from './types';

export type Values = Float32Array | Float64Array;

export interface Column {
  field: string;
  unit: string;
  mean: Values;
  min: Values | null;
  max: Values | null;
}

export interface QueryResult {
  from: number;
  to: number;
  generation: number;
  zone: string;
  mode: 'raw' | 'buckets';
  step_s: number;
  times: Float64Array;
  channels: Column[];
  summary: ChannelSummary[];
  coverage: number;
  events: LoggerEvent[];
  gaps: Gap[];
  events_truncated: boolean;
  gaps_truncated: boolean;
}

export class ColumnsError extends Error {}

type ArrayName = 'min' | 'max' | 'mean';
const kArrayNames: readonly string[] = ['min', 'max', 'mean'];

interface Header extends Omit<QueryResult, 'times' | 'channels'> {
  points: number;
  channels: { field: string; unit: string; arrays: ArrayName[] }[];
}

function parseHeader(bytes: Uint8Array): Header {
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Header;
  } catch {
    throw new ColumnsError('the header is not JSON');
  }
  if (!Number.isInteger(header.points) || header.points < 0) throw new ColumnsError('"points" is not a count');
  if (!Array.isArray(header.channels)) throw new ColumnsError('"channels" is not a list');
  for (const channel of header.channels) {
    const names = channel.arrays;
    if (!Array.isArray(names) || !names.every((name) => kArrayNames.includes(name)) || !names.includes('mean')) {
      throw new ColumnsError(`channel ${channel.field}: "arrays" names something else than min, max, mean`);
    }
  }
  return header;
}

export function decodeColumns(buffer: ArrayBuffer): QueryResult {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 8 || String.fromCharCode(...bytes.subarray(0, 4)) !== 'PVQ1') {
    throw new ColumnsError('the answer does not begin with PVQ1');
  }
  const headerLength = new DataView(buffer).getUint32(4, true);
  if (8 + headerLength > bytes.length) throw new ColumnsError('the header is longer than the answer');
  const header = parseHeader(bytes.subarray(8, 8 + headerLength));
  const n = header.points;
  const arrays = header.channels.reduce((sum, channel) => sum + channel.arrays.length, 0);
  let offset = Math.ceil((8 + headerLength) / 8) * 8;
  if (bytes.length !== offset + n * 8 + arrays * n * 4) {
    throw new ColumnsError(`${n} points and ${arrays} arrays do not make ${bytes.length} bytes`);
  }
  const times = new Float64Array(buffer, offset, n);
  offset += n * 8;
  const channels = header.channels.map((channel): Column => {
    const column: Column = { field: channel.field, unit: channel.unit, mean: new Float32Array(0), min: null, max: null };
    for (const name of channel.arrays) {
      column[name] = new Float32Array(buffer, offset, n);
      offset += n * 4;
    }
    return column;
  });
  const { points: _points, ...rest } = header;
  return { ...rest, times, channels };
}

interface JsonAnswer extends Omit<QueryResult, 'times' | 'channels'> {
  times: number[];
  channels: {
    field: string;
    unit: string;
    mean: (number | null)[];
    min?: (number | null)[];
    max?: (number | null)[];
  }[];
}

function values(list: (number | null)[]): Float64Array {
  return Float64Array.from(list, (value) => value ?? NaN);
}

export function decodeJson(answer: JsonAnswer): QueryResult {
  return {
    ...answer,
    times: Float64Array.from(answer.times),
    channels: answer.channels.map((channel) => ({
      field: channel.field,
      unit: channel.unit,
      mean: values(channel.mean),
      min: channel.min ? values(channel.min) : null,
      max: channel.max ? values(channel.max) : null,
    })),
  };
}
