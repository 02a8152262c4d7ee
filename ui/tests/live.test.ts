import { afterEach, beforeEach, expect, it, vi } from 'vitest';

class FakeSource extends EventTarget {
  static last: FakeSource;
  static readonly CLOSED = 2;
  readyState = 0;
  constructor(readonly url: string) {
    super();
    FakeSource.last = this;
  }
  close(): void {
    this.readyState = FakeSource.CLOSED;
  }
}

beforeEach(() => {
  vi.stubGlobal('EventSource', FakeSource);
  vi.resetModules();
});
afterEach(() => vi.unstubAllGlobals());

async function started() {
  const { live } = await import('../src/lib/live.svelte');
  live.start();
  return { live, source: FakeSource.last };
}

it('tells on the first connection, since what changed between load and connection was not announced', async () => {
  const { live, source } = await started();
  const heard = vi.fn();
  live.listen('acme', heard);
  source.dispatchEvent(new Event('open'));
  expect(heard).toHaveBeenCalledTimes(1);
});

it('tells again on every later connection', async () => {
  const { live, source } = await started();
  source.dispatchEvent(new Event('open')); // nobody has loaded anything: nobody to tell
  const heard = vi.fn();
  const stop = live.listen(null, heard);
  source.dispatchEvent(new Event('error'));
  source.dispatchEvent(new Event('open'));
  expect(heard).toHaveBeenCalledTimes(1);
  stop();
  source.dispatchEvent(new Event('open'));
  expect(heard).toHaveBeenCalledTimes(1);
});

it('tells of changes to the tenant listened to only', async () => {
  const { live, source } = await started();
  const heard = vi.fn();
  live.listen('acme', heard);
  source.dispatchEvent(new MessageEvent('change', { data: '{"tenant":"other","generation":2}' }));
  expect(heard).not.toHaveBeenCalled();
  source.dispatchEvent(new MessageEvent('change', { data: '{"tenant":"acme","generation":2}' }));
  expect(heard).toHaveBeenCalledTimes(1);
});

it('keeps fates of files and new data apart', async () => {
  const { live, source } = await started();
  const data = vi.fn();
  const fates = vi.fn();
  live.listen('acme', data);
  live.listenArrivals('acme', fates);
  source.dispatchEvent(new MessageEvent('arrivals', { data: '{"tenant":"acme"}' }));
  source.dispatchEvent(new MessageEvent('arrivals', { data: '{"tenant":"other"}' }));
  expect([data.mock.calls.length, fates.mock.calls.length]).toEqual([0, 1]);
  source.dispatchEvent(new MessageEvent('change', { data: '{"tenant":"acme"}' }));
  expect([data.mock.calls.length, fates.mock.calls.length]).toEqual([1, 1]);
});

it('stays silent and does not come back once it is stopped', async () => {
  vi.useFakeTimers();
  try {
    const { live, source } = await started();
    live.stop();
    source.dispatchEvent(new Event('error'));
    vi.advanceTimersByTime(60_000);
    expect(source.readyState).toBe(FakeSource.CLOSED);
    expect(FakeSource.last).toBe(source);
    expect(live.connected).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});
