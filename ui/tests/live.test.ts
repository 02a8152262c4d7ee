import { afterEach, beforeEach, expect, it, vi } from 'vitest';

class FakeSource extends EventTarget {
  static last: FakeSource;
  static readonly CLOSED = 2;
  readyState = 0;
  constructor(readonly url: string) {
    super();
    FakeSource.last = this;
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
