// Marks and their texts on the axes of the curves.

import { kDay, kHour, wallOf } from '../lib/calendar';
import { axisTime, digitsFor, fixed, kNbsp, scaleFor } from '../lib/format';

export const kTimeIncrements = [
  1, 10, 30, 60, 120, 300, 600, 900, 1800,
  ...[1, 2, 3, 6, 12].map((hours) => hours * kHour),
  ...[1, 2, 4, 7, 14].map((days) => days * kDay),
  ...[1, 2, 3, 6, 12, 24, 60, 120].map((months) => months * 30.4 * kDay),
];

// Each mark's text; the date (or the year) goes to a second line where it changes.
export function timeLabels(ticks: number[], increment: number, zone: string, locale: string): string[] {
  let last = '';
  return ticks.map((t) => {
    const wall = wallOf(t, zone);
    const months = increment >= 28 * kDay;
    const days = !months && increment >= kDay;
    const context = months || days ? String(wall.year) : axisTime(t, zone, locale, { weekday: 'short', day: 'numeric', month: 'short' });
    const text = months
      ? axisTime(t, zone, locale, { month: 'short' })
      : days
        ? axisTime(t, zone, locale, { day: 'numeric', month: 'short' })
        : axisTime(t, zone, locale, { hour: '2-digit', minute: '2-digit', ...(increment < 60 ? { second: '2-digit' as const } : {}) });
    const shown = context === last ? text : `${text}\n${context}`;
    last = context;
    return shown;
  });
}

// One unit for the whole axis, from its largest value.
export function valueLabels(ticks: (number | null)[], increment: number, unit: string, locale: string): string[] {
  const size = Math.max(...ticks.map((value) => Math.abs(value ?? 0)), 0);
  const scale = scaleFor(size, unit);
  const step = increment / scale.divisor;
  const digits = step >= 1 ? (Number.isInteger(step) ? 0 : 1) : Math.min(3, digitsFor(step) + (step < 0.1 ? 1 : step * 10 === Math.round(step * 10) ? -1 : 0));
  return ticks.map((value) => (value === null ? '' : fixed(value / scale.divisor, digits, locale) + (scale.unit ? kNbsp + scale.unit : '')));
}

// Room around the values: powers always show their zero, voltages never less than a few volts.
export function paddedRange(low: number, high: number, scale: string): [number, number] {
  if (scale === 'W') {
    const bottom = Math.min(0, low);
    const top = Math.max(0, high);
    const room = Math.max((top - bottom) * 0.06, 0.5);
    return [bottom < 0 ? bottom - room : 0, top > 0 ? top + room : room];
  }
  const least = scale === 'V' ? 6 : 0.1;
  const span = Math.max(high - low, least);
  const middle = (low + high) / 2;
  return [middle - span * 0.58, middle + span * 0.58];
}

// Where powers and voltages are both shown, the voltages run in a lane of their own above the powers.
const kVoltageLane = 0.24;
const kLaneGap = 0.04;

export function inLane([low, high]: [number, number], scale: string): [number, number] {
  if (scale === 'W') return [low, low + (high - low) / (1 - kVoltageLane - kLaneGap)];
  if (scale === 'V') return [high - (high - low) / kVoltageLane, high];
  return [low, high];
}
