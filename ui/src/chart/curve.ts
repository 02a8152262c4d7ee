// The curves: uPlot with the campaign's clock, an axis a unit, breaks at gaps, envelopes, restarts.
// Owned by one component; not for use after destroy().

import uPlot from 'uplot';
import { timeTicks } from '../lib/calendar';
import { inLane, kTimeIncrements, paddedRange, timeLabels, valueLabels } from './axes';
import { drawEnvelopes, drawEvents, drawGaps, type Ink } from './backdrop';
import { lowerBound, nearestValue } from './breaks';
import type { CurveChannel, CurveModel } from './model';
import { followTouch } from './touch';

export interface CurveLook {
  ink: Ink;
  colours: Map<string, string>;
  locale: string;
  zone: string;
}

export interface CursorPlace {
  t: number;
  left: number;
  top: number;
  width: number;
}

export interface CurveEvents {
  zoom: (from: number, to: number) => void;
  back: () => void;
  cursor: (place: CursorPlace | null) => void;
}

export interface Published {
  times: number[];
  series: { field: string; mean: (number | null)[] }[];
  from: number;
  to: number;
}

declare global {
  interface Window {
    __powerview?: Published;
  }
}

const kLeastDrag = 6;
const kBackPauseMs = 400;
const kNearCurve = 14;
const kMany = 12;

export class Curve {
  #plot: uPlot | null = null;
  #signature = '';
  #model: CurveModel | null = null;
  #hidden: Set<string> = new Set();
  #view = { from: 0, to: 1 };
  #look: CurveLook;
  #published: Published | null = null;
  #lastBack = 0;
  // The part of each axis that its values use; marks outside it would mean nothing.
  #used: Map<string, [number, number]> = new Map();
  #resize: ResizeObserver;

  constructor(
    private readonly host: HTMLElement,
    look: CurveLook,
    private readonly events: CurveEvents,
  ) {
    this.#look = look;
    this.#resize = new ResizeObserver(() => {
      if (this.#plot && host.clientWidth > 0) this.#plot.setSize(this.#size());
    });
    this.#resize.observe(host);
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#plot?.destroy();
    delete window.__powerview;
  }

  setLook(look: CurveLook): void {
    this.#look = look;
    this.#plot?.redraw(false, true);
  }

  // Moves the time axis at once; the data for it may come later.
  setView(from: number, to: number): void {
    this.#view = { from, to };
    this.#published = null;
    this.#plot?.setScale('x', { min: from, max: to });
  }

  setHidden(hidden: Set<string>): void {
    this.#hidden = hidden;
    this.#published = null;
    const plot = this.#plot;
    if (!plot || !this.#model) return;
    plot.batch(() => {
      this.#model!.channels.forEach((channel, i) => {
        const show = !hidden.has(channel.field);
        if (plot.series[i + 1]!.show !== show) plot.setSeries(i + 1, { show });
      });
      this.#adaptToNumber();
      plot.redraw(false, true);
    });
  }

  highlight(field: string | null): void {
    const index = field === null ? -1 : (this.#model?.channels.findIndex((channel) => channel.field === field) ?? -1);
    // uPlot's types ask for a number where the code takes null for "no series".
    this.#plot?.setSeries((index < 0 ? null : index + 1) as number, { focus: true });
  }

  show(model: CurveModel, from: number, to: number): void {
    this.#model = model;
    this.#view = { from, to };
    this.#published = null;
    const data = [model.axis.times, ...model.channels.map((channel) => channel.drawn)] as uPlot.AlignedData;
    const signature = model.channels.map((channel) => channel.field).join('\n');
    if (!this.#plot || signature !== this.#signature) {
      this.#plot?.destroy();
      this.#signature = signature;
      this.#plot = new uPlot(this.#options(model), data, this.host);
      followTouch(this.#plot, (left, right) => this.#zoomTo(left, right), () => this.#back());
      this.#adaptToNumber();
      this.#plot.setScale('x', { min: from, max: to });
      return;
    }
    const plot = this.#plot;
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale('x', { min: from, max: to });
    });
  }

  // Index of the channel's value nearest to `t`, or -1.
  valueAt(channel: CurveChannel, t: number): number {
    return this.#model ? nearestValue(channel.drawn, this.#model.axis.times, t, channel.reach) : -1;
  }

  distance(channel: CurveChannel, value: number, top: number): number {
    return this.#plot ? Math.abs(this.#plot.valToPos(value, channel.scale) - top) : Infinity;
  }

  secondsPerPixel(): number {
    return (this.#view.to - this.#view.from) / Math.max(1, this.#plot?.over.clientWidth ?? 1);
  }

  #size(): { width: number; height: number } {
    return { width: this.host.clientWidth, height: this.host.clientHeight };
  }

  #shown(): CurveChannel[] {
    return this.#model?.channels.filter((channel) => !this.#hidden.has(channel.field)) ?? [];
  }

  #shownLoggers(): Set<string> {
    return new Set(this.#shown().map((channel) => channel.logger));
  }

  #back(): void {
    // A double tap may come a second time, as the browser's own double click.
    const now = performance.now();
    if (now - this.#lastBack < kBackPauseMs) return;
    this.#lastBack = now;
    this.events.back();
  }

  #zoomTo(left: number, right: number): void {
    const plot = this.#plot;
    if (plot && right - left >= kLeastDrag) this.events.zoom(plot.posToVal(left, 'x'), plot.posToVal(right, 'x'));
  }

  #range(scale: string): [number | null, number | null] {
    const model = this.#model;
    if (!model) return [null, null];
    const { times, origin } = model.axis;
    const first = lowerBound(times, this.#view.from);
    const last = lowerBound(times, this.#view.to);
    let low = Infinity;
    let high = -Infinity;
    for (const channel of this.#shown()) {
      if (channel.scale !== scale) continue;
      for (let i = first; i < last; ++i) {
        const value = channel.drawn[i];
        if (typeof value !== 'number') continue;
        const least = channel.min?.[origin[i]!] ?? value;
        const most = channel.max?.[origin[i]!] ?? value;
        if (least < low) low = least;
        if (most > high) high = most;
      }
    }
    if (low === Infinity) return [null, null];
    const used = paddedRange(low, high, scale);
    this.#used.set(scale, used);
    const scales = new Set(this.#shown().map((channel) => channel.scale));
    return scales.has('W') && scales.has('V') ? inLane(used, scale) : used;
  }

  #marksIn(scale: string, ticks: number[]): (number | null)[] {
    const used = this.#used.get(scale);
    return used ? ticks.map((value) => (value >= used[0] && value <= used[1] ? value : null)) : ticks;
  }

  #adaptToNumber(): void {
    const many = this.#shown().length > kMany;
    this.#model?.channels.forEach((channel, i) => {
      // One device pixel is a hairline, which a canvas without a graphics card draws several times faster.
      this.#plot!.series[i + 1]!.width = many ? 1 : channel.unit === 'V' ? 1.2 : 1.7;
    });
    // Each change of the nearest curve draws all of them again: not with many.
    this.#plot!.cursor.focus!.prox = many ? -1 : kNearCurve;
  }

  #publish(): void {
    const model = this.#model;
    if (!model) return;
    if (!this.#published) {
      const rows: number[] = [];
      model.axis.origin.forEach((i, k) => {
        if (i >= 0) rows.push(k);
      });
      this.#published = {
        times: rows.map((k) => model.axis.times[k]!),
        series: this.#shown().map((channel) => ({
          field: channel.field,
          mean: rows.map((k) => {
            const value = channel.drawn[k];
            return typeof value === 'number' ? value / channel.factor : null;
          }),
        })),
        from: this.#view.from,
        to: this.#view.to,
      };
    }
    window.__powerview = this.#published;
  }

  #options(model: CurveModel): uPlot.Options {
    const narrow = this.host.clientWidth < 520;
    const font = narrow ? this.#look.ink.font.replace(/^\d+px/, '11px') : this.#look.ink.font;
    const scales: uPlot.Scales = { x: { time: true, auto: false } };
    const axes: uPlot.Axis[] = [
      {
        scale: 'x',
        stroke: () => this.#look.ink.axis,
        font,
        grid: { stroke: () => this.#look.ink.grid, width: 1 },
        ticks: { show: false },
        gap: 8,
        size: 46,
        space: 74,
        incrs: kTimeIncrements,
        splits: (_u, _axis, from, to, increment) => timeTicks(from, to, increment, this.#look.zone),
        values: (_u, ticks, _axis, _space, increment) => timeLabels(ticks, increment, this.#look.zone, this.#look.locale),
      },
    ];
    const units = [...new Set(model.channels.map((channel) => channel.scale))];
    units.forEach((scale) => {
      const left = scale === 'W' || (!units.includes('W') && scale === units[0]);
      const unit = scale === 'none' ? '' : scale;
      scales[scale] = { auto: true, range: () => this.#range(scale) as uPlot.Range.MinMax };
      axes.push({
        scale,
        side: left ? 3 : 1,
        stroke: () => this.#look.ink.axis,
        font,
        grid: { show: left, stroke: () => this.#look.ink.grid, width: 1, filter: (_u, ticks) => this.#marksIn(scale, ticks) },
        ticks: { show: false },
        gap: 6,
        size: narrow ? 46 : 66,
        space: 34,
        filter: (_u, ticks) => this.#marksIn(scale, ticks),
        values: (_u, ticks, _axis, _space, increment) => valueLabels(ticks, increment, unit, this.#look.locale),
      });
    });
    return {
      ...this.#size(),
      padding: [14, units.length > 1 ? 0 : 16, 0, 0],
      legend: { show: false },
      scales,
      axes,
      focus: { alpha: 0.35 },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: kLeastDrag },
        focus: { prox: kNearCurve },
        points: { one: true, size: 9, width: 2 },
        dataIdx: (_u, series, hovered, t) => {
          const channel = this.#model?.channels[series - 1];
          const index = channel ? this.valueAt(channel, t) : hovered;
          return index < 0 ? hovered : index;
        },
        bind: {
          dblclick: () => () => {
            this.#back();
            return null;
          },
        },
      },
      series: [
        {},
        ...model.channels.map((channel, i): uPlot.Series => ({
          label: channel.title,
          scale: channel.scale,
          show: !this.#hidden.has(channel.field),
          width: channel.unit === 'V' ? 1.25 : 1.6,
          stroke: () => this.#look.colours.get(channel.field) ?? '#888888',
          points: {
            show: false,
            size: 5,
            fill: () => this.#look.colours.get(channel.field) ?? '#888888',
            filter: () => {
              const isolated = this.#model?.channels[i]?.isolated ?? [];
              return isolated.length > 0 ? isolated : null;
            },
          },
        })),
      ],
      hooks: {
        drawClear: [(u) => drawGaps(u, this.#model!, this.#shownLoggers(), this.#look.ink)],
        drawAxes: [
          (u) => {
            drawEnvelopes(u, this.#model!, this.#shown(), this.#look.colours);
            drawEvents(u, this.#model!, this.#shownLoggers(), this.#look.ink);
          },
        ],
        draw: [() => this.#publish()],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width === 0) return;
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.#zoomTo(left, left + width);
          },
        ],
        setCursor: [
          (u) => {
            const { left, top } = u.cursor;
            if (left == null || top == null || left < 0) this.events.cursor(null);
            else this.events.cursor({ t: u.posToVal(left, 'x'), left: left + u.over.offsetLeft, top, width: u.width });
          },
        ],
      },
    };
  }
}
