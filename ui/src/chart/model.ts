// From an answer to what is drawn: columns with their breaks, in the units of their axes.

import type { QueryResult, Values } from '../lib/columns';
import type { Gap, Logger, LoggerEvent } from '../lib/types';
import type { ShownChannel } from '../campaign/channels';
import { axisWithBreaks, drawnColumn, isolatedPoints, type Axis, type Drawn } from './breaks';

export interface CurveChannel {
  field: string;
  title: string;
  unit: string;
  logger: string;
  scale: string;
  // What a value is multiplied with to stand on its axis (kW on an axis of W).
  factor: number;
  drawn: Drawn;
  min: Values | null;
  max: Values | null;
  isolated: number[];
  // How far from the cursor, in seconds, a value still counts as the one under it.
  reach: number;
}

export interface CurveModel {
  axis: Axis;
  channels: CurveChannel[];
  gaps: Gap[];
  events: LoggerEvent[];
}

export function scaleOf(unit: string): string {
  return unit === 'kW' ? 'W' : unit || 'none';
}

function scaled(values: Values, factor: number): Values {
  return factor === 1 ? values : values.map((value) => value * factor);
}

export function buildModel(result: QueryResult, channels: ShownChannel[], loggers: Logger[]): CurveModel {
  const known = new Map(channels.map((channel) => [channel.field, channel]));
  const steps = new Map(loggers.map((logger) => [logger.sn, logger.step_s || 600]));
  const gapsOf = new Map<string, Gap[]>();
  for (const gap of result.gaps) gapsOf.set(gap.logger, [...(gapsOf.get(gap.logger) ?? []), gap]);
  const axis = axisWithBreaks(result.times, result.gaps, result.step_s);
  const drawn: CurveChannel[] = [];
  for (const column of result.channels) {
    const channel = known.get(column.field);
    if (!channel) continue;
    const step = steps.get(channel.logger) ?? 600;
    const longest = result.gaps_truncated ? Math.max(2.5 * step, 2.5 * result.step_s) : Infinity;
    const factor = column.unit === 'kW' ? 1000 : 1;
    const values = drawnColumn(scaled(column.mean, factor), axis, gapsOf.get(channel.logger) ?? [], longest);
    drawn.push({
      field: column.field,
      title: channel.title,
      unit: column.unit,
      logger: channel.logger,
      scale: scaleOf(column.unit),
      factor,
      drawn: values,
      min: column.min && scaled(column.min, factor),
      max: column.max && scaled(column.max, factor),
      isolated: isolatedPoints(values),
      reach: Math.max(step, result.step_s),
    });
  }
  return { axis, channels: drawn, gaps: result.gaps, events: result.events };
}
