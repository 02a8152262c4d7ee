// What a campaign's page shows: the period, its history of zooms, the hidden channels and the last answer.
// Old data stays until new data is there; an answer that is no longer wanted is aborted.

import { isAbort, queryCurves, readCampaign } from '../lib/api';
import { addDays, knownZone, shiftSpan } from '../lib/calendar';
import type { QueryResult } from '../lib/columns';
import type { CampaignDetail, Span } from '../lib/types';
import { groupByDevice, nameChannels, type DeviceGroup, type ShownChannel } from './channels';

interface Shown extends Span {
  whole: boolean;
}

// Above this many channels only the chosen ones are asked for.
const kAskAllUpTo = 80;
const kShortestSpan = 60;
const kSettleMs = 60;

export class CampaignView {
  detail = $state.raw<CampaignDetail | null>(null);
  result = $state.raw<QueryResult | null>(null);
  loading = $state(false);
  // Why the page has nothing to show, and why it shows data older than asked for.
  failure = $state.raw<unknown>(null);
  stale = $state.raw<unknown>(null);
  shown = $state.raw<Shown>({ from: 0, to: 1, whole: true });
  past = $state.raw<Shown[]>([]);
  hidden = $state.raw<Set<string>>(new Set());

  readonly channels: ShownChannel[] = $derived(this.detail ? nameChannels(this.detail.channel_list) : []);
  readonly groups: DeviceGroup[] = $derived(groupByDevice(this.channels));
  readonly zone: string = $derived(knownZone(this.detail?.zone ?? 'UTC'));
  readonly fields: string[] = $derived(this.channels.map((channel) => channel.field));
  readonly visible: ShownChannel[] = $derived(this.channels.filter((channel) => !this.hidden.has(channel.field)));
  readonly asksChosenOnly: boolean = $derived(this.channels.length > kAskAllUpTo);
  readonly hasData: boolean = $derived(this.detail !== null && this.detail.from !== null && this.detail.to !== null);

  #request: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly tenant: string,
    readonly campaign: string,
  ) {}

  // Loads the description; the caller then sets the period and the hidden channels.
  async open(): Promise<void> {
    this.failure = null;
    try {
      this.detail = await readCampaign(this.tenant, this.campaign);
    } catch (error) {
      if (!isAbort(error)) this.failure = error;
    }
  }

  whole(): Span {
    return { from: this.detail?.from ?? 0, to: (this.detail?.to ?? 0) + 1 };
  }

  start(from: number | null, to: number | null, hidden: Set<string> | null): void {
    if (hidden) this.hidden = hidden;
    else if (this.asksChosenOnly) {
      const first = this.channels[0]?.logger;
      this.hidden = new Set(this.channels.filter((channel, i) => channel.logger !== first || i >= kAskAllUpTo).map((channel) => channel.field));
    }
    this.shown = from !== null && to !== null ? { from, to, whole: false } : { ...this.whole(), whole: true };
    if (this.hasData) this.ask(0);
  }

  zoom(from: number, to: number): void {
    let start = Math.floor(from);
    let end = Math.ceil(to);
    if (end - start < kShortestSpan) {
      const middle = Math.round((start + end) / 2);
      start = middle - kShortestSpan / 2;
      end = start + kShortestSpan;
    }
    if (start === this.shown.from && end === this.shown.to) return;
    this.past = [...this.past, this.shown].slice(-50);
    this.shown = { from: start, to: end, whole: false };
    this.ask();
  }

  back(): void {
    const last = this.past[this.past.length - 1];
    if (last) {
      this.past = this.past.slice(0, -1);
      this.shown = last.whole ? { ...this.whole(), whole: true } : last;
      this.ask();
    } else if (!this.shown.whole) {
      this.shown = { ...this.whole(), whole: true };
      this.ask();
    }
  }

  showWhole(): void {
    if (this.shown.whole) return;
    this.past = [...this.past, this.shown].slice(-50);
    this.shown = { ...this.whole(), whole: true };
    this.ask();
  }

  // The last `days` days up to the last measurement.
  showLast(days: number): void {
    const to = this.whole().to;
    this.zoom(addDays(to, -days, this.zone), to);
  }

  shift(direction: -1 | 1): void {
    const next = shiftSpan(this.shown.from, this.shown.to, direction, this.zone);
    this.zoom(next.from, next.to);
  }

  setHidden(hidden: Set<string>): void {
    this.hidden = hidden;
    if (this.asksChosenOnly) this.ask(250);
  }

  toggle(field: string): void {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(field)) hidden.add(field);
    this.setHidden(hidden);
  }

  // Shows one channel alone; asked again, all of them.
  solo(field: string): void {
    const alone = this.visible.length === 1 && this.visible[0]!.field === field;
    this.setHidden(new Set(alone ? [] : this.fields.filter((other) => other !== field)));
  }

  askedFields(): string[] | null {
    return this.asksChosenOnly ? this.visible.map((channel) => channel.field) : null;
  }

  // New data was announced: the description and the curves again, the zoom as it is.
  async refresh(): Promise<void> {
    try {
      this.detail = await readCampaign(this.tenant, this.campaign);
    } catch (error) {
      this.stale = error;
      return;
    }
    if (!this.hasData) {
      this.failure = null;
      return;
    }
    // What failed is told until the answer is here: a page must not come and go while the server is asked again.
    if (this.shown.whole) this.shown = { ...this.whole(), whole: true };
    this.ask(0);
  }

  ask(delay = kSettleMs): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    if (this.asksChosenOnly && this.visible.length === 0) {
      this.result = null;
      this.loading = false;
      return;
    }
    this.loading = true;
    this.#timer = setTimeout(() => void this.#fetch(), delay);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
  }

  async #fetch(): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    const points = innerWidth < 700 ? 800 : 1500;
    const span = { from: this.shown.from, to: this.shown.to };
    try {
      this.result = await queryCurves(this.tenant, this.campaign, span, points, this.askedFields(), request.signal);
      this.stale = null;
      this.failure = null;
    } catch (error) {
      if (isAbort(error)) return;
      if (this.result) this.stale = error;
      else this.failure = error;
    }
    if (this.#request === request) this.loading = false;
  }
}
