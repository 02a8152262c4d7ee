// The files a page lists: the newest changes first, as many pages of them as were asked for, kept up to date.

import { isAbort } from '../lib/api';
import { listArrivals, type ArrivedFile, type Counts } from '../lib/arrivals';
import type { FilesQuery } from '../lib/routes';

export const kPage = 50;
// A list that is longer is refreshed only this far; what lies behind is old.
const kMostRefreshed = 200;

export class ArrivalsView {
  files = $state.raw<ArrivedFile[] | null>(null);
  counts = $state.raw<Counts | null>(null);
  failure = $state.raw<unknown>(null);
  more = $state(false);
  loading = $state(false);

  // The last file the server told of, from which older ones go on.
  #last: number | null = null;
  #query: FilesQuery | null = null;
  #request: AbortController | null = null;

  constructor(readonly tenant: string | null) {}

  // Begins anew when the question differs; asks the same again otherwise.
  async show(query: FilesQuery, now: number): Promise<void> {
    const same = this.#query !== null && this.#query.state === query.state && this.#query.campaign === query.campaign && this.#query.days === query.days;
    this.#query = query;
    const limit = same ? Math.min(kMostRefreshed, Math.max(kPage, this.files?.length ?? 0)) : kPage;
    await this.#ask(limit, null, now);
  }

  async older(now: number): Promise<void> {
    if (this.#last !== null && !this.loading) await this.#ask(kPage, this.#last, now);
  }

  replace(file: ArrivedFile): void {
    this.files = this.files?.map((entry) => (entry.id === file.id ? { ...entry, ...file } : entry)) ?? null;
  }

  close(): void {
    this.#request?.abort();
  }

  async #ask(limit: number, before: number | null, now: number): Promise<void> {
    const query = this.#query;
    if (!query) return;
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.loading = true;
    try {
      const answer = await listArrivals(
        this.tenant,
        {
          state: query.state === 'all' ? null : query.state,
          campaign: query.campaign === '' ? null : query.campaign,
          since: query.days === 0 ? null : now - query.days * 86_400,
          before,
          limit,
        },
        request.signal,
      );
      const known = before === null ? [] : (this.files ?? []);
      const ids = new Set(known.map((file) => file.id));
      // To the server a held file waits, too; here it has a place of its own.
      const meant = query.state === 'waiting' ? answer.files.filter((file) => file.state !== 'held') : answer.files;
      this.files = [...known, ...meant.filter((file) => !ids.has(file.id))];
      this.#last = answer.files[answer.files.length - 1]?.id ?? this.#last;
      this.counts = answer.counts;
      this.more = answer.files.length >= limit;
      this.failure = null;
    } catch (error) {
      if (!isAbort(error)) this.failure = error;
    } finally {
      if (this.#request === request) this.loading = false;
    }
  }
}
