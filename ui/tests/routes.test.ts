import { describe, expect, it } from 'vitest';
import { chosenTab, companyPath, filesPath, filesSearch, parseFiles, parsePath, parseView, pathOf, tenantOf, tenantPath, viewSearch } from '../src/lib/routes';
import { pickLanguage } from '../src/lib/language.svelte';
import { silentLoggers } from '../src/lib/silence';
import { channelColour, withAlpha } from '../src/lib/colours';
import { groupByDevice, nameChannels } from '../src/campaign/channels';
import { exportLink } from '../src/lib/api';
import { en } from '../src/messages/en';
import { fr } from '../src/messages/fr';
import type { Channel, Logger } from '../src/lib/types';

describe('addresses', () => {
  it('come back as they went, whatever the names', () => {
    for (const name of ['company1', 'Boulangerie Dupré', 'a/b', '50 % & plus?', '..', 'ü#1', 'files', 'admin', 'sign-in']) {
      expect(parsePath(tenantPath(name))).toEqual({ page: 'tenant', tenant: name });
      expect(parsePath(pathOf(name, name))).toEqual({ page: 'campaign', tenant: name, campaign: name });
    }
  });
  it('are those of the pages about files and people', () => {
    expect(parsePath('/sign-in')).toEqual({ page: 'signIn' });
    expect(parsePath('/account')).toEqual({ page: 'account' });
    expect(parsePath('/admin')).toEqual({ page: 'admin' });
    expect(parsePath(filesPath(null))).toEqual({ page: 'files', tenant: null });
    expect(parsePath(filesPath('a/b'))).toEqual({ page: 'files', tenant: 'a/b' });
    expect(parsePath(companyPath('files'))).toEqual({ page: 'company', tenant: 'files' });
    expect(tenantOf(parsePath('/t/acme/files'))).toBe('acme');
    expect(tenantOf(parsePath('/files'))).toBe(null);
  });
  it('are home, or unknown', () => {
    expect(parsePath('/')).toEqual({ page: 'home' });
    expect(parsePath('/t/')).toEqual({ page: 'home' });
    expect(parsePath('/x')).toEqual({ page: 'unknown' });
    expect(parsePath('/t/a/b/c')).toEqual({ page: 'unknown' });
    expect(parsePath('/t/%E0%A4%A')).toEqual({ page: 'unknown' });
  });
});

describe('the choice of files in an address', () => {
  it('comes back as it went', () => {
    const choice = { state: 'held' as const, campaign: 'Site & co', days: 7, file: 12 };
    expect(parseFiles(filesSearch(choice))).toEqual(choice);
    expect(filesSearch({ state: 'all', campaign: '', days: 0, file: null })).toBe('');
  });
  it('drops what makes no sense', () => {
    expect(parseFiles('?state=evil&days=3&file=-1')).toEqual({ state: 'all', campaign: '', days: 0, file: null });
  });
  it('falls back to the first tab', () => {
    expect(chosenTab('?tab=audit', ['users', 'audit'])).toBe('audit');
    expect(chosenTab('?tab=evil', ['users', 'audit'])).toBe('users');
  });
});

describe('the view in an address', () => {
  const fields = ['a', 'b', 'c', 'd'];
  it('comes back as it went', () => {
    for (const hidden of [null, new Set<string>(), new Set(['a']), new Set(['b', 'c', 'd']), new Set(fields)]) {
      const view = { tab: 'curves' as const, from: 10, to: 20, hidden };
      expect(parseView(viewSearch(view, fields), fields)).toEqual(view);
    }
    expect(viewSearch({ tab: 'curves', from: null, to: null, hidden: null }, fields)).toBe('');
  });
  it('drops what makes no sense', () => {
    expect(parseView('?from=20&to=10&hide=a,zz&tab=evil', fields)).toEqual({ tab: 'curves', from: null, to: null, hidden: new Set(['a']) });
    expect(parseView('?from=1e3&to=x', fields)).toMatchObject({ from: null, to: null });
  });
  it('names the shorter list', () => {
    expect(viewSearch({ tab: 'curves', from: null, to: null, hidden: new Set(['a', 'b', 'c']) }, fields)).toBe('?only=d');
  });
});

describe('export links', () => {
  it('name the format by `to` and the end by `to_time`', () => {
    const link = new URL(exportLink('A b', 'c/d', 'csv', { from: 1, to: 2 }, ['x', 'y']), 'http://h');
    expect(link.pathname).toBe('/api/v1/tenants/A%20b/campaigns/c%2Fd/export');
    expect(Object.fromEntries(link.searchParams)).toEqual({ to: 'csv', from: '1', to_time: '2', channels: 'x,y' });
  });
});

describe('languages', () => {
  it('are the browser’s first of the two', () => {
    expect(pickLanguage(['de-DE', 'fr-CA', 'en'])).toBe('fr');
    expect(pickLanguage(['en-US', 'fr'])).toBe('en');
    expect(pickLanguage(['ja'])).toBe('en');
  });
  it('have the same placeholders in every text', () => {
    const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(names(fr[key]), key).toEqual(names(en[key]));
      expect(fr[key].length, key).toBeGreaterThan(0);
    }
  });
});

describe('silent loggers', () => {
  const logger = (sn: string, to: number | null): Logger => ({ sn, from: 0, to, step_s: 600, rows: 1, samples: 1, channels: 1, last_file: null });
  it('are those without a sample for 36 hours, the longest first', () => {
    const now = 1_000_000;
    const list = [logger('a', now - 36 * 3600), logger('b', now - 36 * 3600 - 1), logger('c', now - 900_000), logger('d', null)];
    expect(silentLoggers(list, now).map((entry) => entry.sn)).toEqual(['c', 'b']);
  });
});

describe('channels', () => {
  const channel = (device: string, label: string, name: string, unit: string): Channel => ({
    field: `${device}_${label}_${unit}`, channel_id: `${device}_${label}`, logger: '02000001', device_sn: device, label, name, unit,
    device_type: device === '02000001' ? 'master' : 'slave', device_subtype: '',
  });
  const list = [channel('02000001', 'U1', 'Ph 1', 'V'), channel('02000001', 'Ch1', 'Voie1', 'W'), channel('04000002', 'Ch1', 'Voie1', 'W'), channel('04000002', 'Ch2', '', 'W')];

  it('get the module beside a title that repeats', () => {
    expect(nameChannels(list).map((entry) => entry.title)).toEqual(['Ph 1', 'Voie1 · 0001', 'Voie1 · 0002', 'Ch2']);
  });
  it('are grouped by device', () => {
    expect(groupByDevice(nameChannels(list)).map((group) => [group.device, group.kind, group.channels.length])).toEqual([['02000001', 'master', 2], ['04000002', 'slave', 2]]);
  });
  it('have distinct colours, 24 powers in each theme', () => {
    for (const theme of ['light', 'dark'] as const) {
      const colours = new Set(Array.from({ length: 24 }, (_, i) => channelColour(i, 'W', theme)));
      expect(colours.size).toBe(24);
      for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
    }
    expect(withAlpha('#ff8000', 0.5)).toBe('rgba(255, 128, 0, 0.5)');
  });
});
