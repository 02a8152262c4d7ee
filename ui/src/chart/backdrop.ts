// What is drawn behind the lines: gaps, restarts, and the min-max envelopes of bucketed curves.

import type uPlot from 'uplot';
import { withAlpha } from '../lib/colours';
import { lowerBound } from './breaks';
import type { CurveChannel, CurveModel } from './model';

export interface Ink {
  gap: string;
  event: string;
  axis: string;
  grid: string;
  font: string;
}

function hatch(ctx: CanvasRenderingContext2D, colour: string, ratio: number): CanvasPattern | string {
  const size = Math.round(7 * ratio);
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  if (!pen) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return ctx.createPattern(tile, 'repeat') ?? colour;
}

function clipped(u: uPlot, draw: (ctx: CanvasRenderingContext2D) => void): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx);
  ctx.restore();
}

// A gap of all loggers shown is full, one of some of them paler.
export function drawGaps(u: uPlot, model: CurveModel, loggers: Set<string>, ink: Ink): void {
  const ratio = devicePixelRatio || 1;
  clipped(u, (ctx) => {
    const pattern = hatch(ctx, ink.gap, ratio);
    const strength = 1 / Math.max(1, loggers.size);
    for (const gap of model.gaps) {
      if (!loggers.has(gap.logger)) continue;
      const left = u.valToPos(gap.from, 'x', true);
      const width = Math.max(ratio, u.valToPos(gap.to, 'x', true) - left);
      ctx.globalAlpha = 0.14 + 0.2 * strength;
      ctx.fillStyle = ink.gap;
      ctx.fillRect(left, u.bbox.top, width, u.bbox.height);
      ctx.globalAlpha = 0.35 + 0.45 * strength;
      ctx.fillStyle = pattern;
      ctx.fillRect(left, u.bbox.top, width, u.bbox.height);
    }
  });
}

export function drawEvents(u: uPlot, model: CurveModel, loggers: Set<string>, ink: Ink): void {
  const ratio = devicePixelRatio || 1;
  clipped(u, (ctx) => {
    const shown = model.events.filter((event) => loggers.has(event.logger));
    // Many restarts would hide the curves behind their lines: then the marks at the top must do.
    const lines = shown.length <= 60;
    ctx.strokeStyle = ink.event;
    ctx.fillStyle = ink.event;
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    for (const event of shown) {
      const x = Math.round(u.valToPos(event.t, 'x', true));
      if (lines) {
        ctx.globalAlpha = 0.75;
        ctx.beginPath();
        ctx.moveTo(x, u.bbox.top);
        ctx.lineTo(x, u.bbox.top + u.bbox.height);
        ctx.stroke();
      }
      ctx.globalAlpha = 1;
      ctx.beginPath();
      ctx.moveTo(x - 4.5 * ratio, u.bbox.top);
      ctx.lineTo(x + 4.5 * ratio, u.bbox.top);
      ctx.lineTo(x, u.bbox.top + 7 * ratio);
      ctx.fill();
    }
  });
}

// Below this many pixels a bucket, an envelope is painted in columns: a filled outline with so many steep
// sides takes a canvas without a graphics card ten times as long.
const kColumnsBelow = 4;

interface Placed {
  left: number;
  top: number;
  bottom: number;
}

function paintColumns(ctx: CanvasRenderingContext2D, run: Placed[]): void {
  let k = 0;
  while (k < run.length) {
    const column = Math.floor(run[k]!.left);
    let { top, bottom } = run[k]!;
    let next = k + 1;
    for (; next < run.length && Math.floor(run[next]!.left) === column; ++next) {
      top = Math.min(top, run[next]!.top);
      bottom = Math.max(bottom, run[next]!.bottom);
    }
    const width = next < run.length ? Math.floor(run[next]!.left) - column : 1;
    ctx.fillRect(column, Math.round(top), width, Math.max(1, Math.round(bottom - top)));
    k = next;
  }
}

function paintOutline(ctx: CanvasRenderingContext2D, run: Placed[]): void {
  if (run.length < 2) return;
  ctx.beginPath();
  for (const place of run) ctx.lineTo(place.left, place.top);
  for (let k = run.length - 1; k >= 0; --k) ctx.lineTo(run[k]!.left, run[k]!.bottom);
  ctx.fill();
}

// Envelopes of many channels pile up, so they grow paler with their number.
export function drawEnvelopes(u: uPlot, model: CurveModel, shown: CurveChannel[], colours: Map<string, string>): void {
  const { times, origin } = model.axis;
  const x = u.scales.x!;
  if (x.min == null || x.max == null || times.length === 0) return;
  const { left, top, width, height } = u.bbox;
  const start = x.min;
  const first = Math.max(0, lowerBound(times, x.min) - 1);
  const last = Math.min(times.length - 1, lowerBound(times, x.max));
  const perSecond = width / (x.max - x.min);
  const paint = width / Math.max(1, last - first) < kColumnsBelow ? paintColumns : paintOutline;
  const alpha = shown.length <= 4 ? 0.2 : shown.length <= 12 ? 0.13 : 0.07;
  clipped(u, (ctx) => {
    for (const { min, max, drawn, scale, field } of shown) {
      const y = u.scales[scale];
      if (!min || !max || !y || y.min == null || y.max == null) continue;
      const perUnit = height / (y.max - y.min);
      const zero = top + height + y.min * perUnit;
      ctx.fillStyle = withAlpha(colours.get(field) ?? '#888888', alpha);
      let run: Placed[] = [];
      for (let i = first; i <= last; ++i) {
        const value = drawn[i];
        if (value === null) {
          paint(ctx, run);
          run = [];
        } else if (value !== undefined) {
          const from = origin[i]!;
          run.push({ left: left + (times[i]! - start) * perSecond, top: zero - max[from]! * perUnit, bottom: zero - min[from]! * perUnit });
        }
      }
      paint(ctx, run);
    }
  });
}
