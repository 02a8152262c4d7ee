// Addresses of the pages: /, /files, /account, /admin, /sign-in, /t/<tenant>, /t/<tenant>/files, /t/<tenant>/admin,
// /t/<tenant>/<campaign>, and the view kept in a campaign's query.

export type Route =
  | { page: 'home' }
  | { page: 'signIn' }
  | { page: 'account' }
  | { page: 'admin' }
  | { page: 'files'; tenant: string | null }
  | { page: 'company'; tenant: string }
  | { page: 'tenant'; tenant: string }
  | { page: 'campaign'; tenant: string; campaign: string }
  | { page: 'unknown' };

export type Tab = 'curves' | 'files' | 'conflicts';

export interface ViewQuery {
  tab: Tab;
  from: number | null;
  to: number | null;
  hidden: Set<string> | null;
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

// Pages of a company that a campaign of the same name does not hide; its address is written differently.
const kCompanyPages = ['files', 'admin'];

export function parsePath(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return { page: 'home' };
  if (parts.length === 1) {
    if (parts[0] === 'sign-in') return { page: 'signIn' };
    if (parts[0] === 'account') return { page: 'account' };
    if (parts[0] === 'admin') return { page: 'admin' };
    if (parts[0] === 'files') return { page: 'files', tenant: null };
  }
  if (parts[0] !== 't' || parts.length > 3) return { page: 'unknown' };
  const names = parts.slice(1).map(decode);
  if (names.length === 0) return { page: 'home' };
  const [tenant, campaign] = names;
  if (tenant === null || tenant === undefined || campaign === null) return { page: 'unknown' };
  if (parts[2] === 'files') return { page: 'files', tenant };
  if (parts[2] === 'admin') return { page: 'company', tenant };
  return campaign === undefined ? { page: 'tenant', tenant } : { page: 'campaign', tenant, campaign };
}

export function tenantPath(tenant: string): string {
  return `/t/${encodeURIComponent(tenant)}`;
}

export function pathOf(tenant: string, campaign: string): string {
  const name = encodeURIComponent(campaign);
  const shown = kCompanyPages.includes(name) ? `%${name.charCodeAt(0).toString(16)}${name.slice(1)}` : name;
  return `${tenantPath(tenant)}/${shown}`;
}

// Of all companies where `tenant` is null.
export function filesPath(tenant: string | null): string {
  return tenant === null ? '/files' : `${tenantPath(tenant)}/files`;
}

export function companyPath(tenant: string): string {
  return `${tenantPath(tenant)}/admin`;
}

export function tenantOf(route: Route): string | null {
  return 'tenant' in route ? route.tenant : null;
}

function seconds(text: string | null): number | null {
  return text !== null && /^-?\d{1,12}$/.test(text) ? Number(text) : null;
}

// `fields` are the campaign's channels: names that are none of them are dropped.
export function parseView(search: string, fields: string[]): ViewQuery {
  const query = new URLSearchParams(search);
  const tab = query.get('tab');
  const from = seconds(query.get('from'));
  const to = seconds(query.get('to'));
  const sound = from !== null && to !== null && from < to;
  const known = new Set(fields);
  const list = (key: string): string[] | null =>
    query.has(key) ? (query.get(key) ?? '').split(',').filter((field) => known.has(field)) : null;
  const hide = list('hide');
  const only = list('only');
  let hidden: Set<string> | null = hide ? new Set(hide) : null;
  if (only) {
    const shown = new Set(only);
    hidden = new Set(fields.filter((field) => !shown.has(field)));
  }
  return {
    tab: tab === 'files' || tab === 'conflicts' ? tab : 'curves',
    from: sound ? from : null,
    to: sound ? to : null,
    hidden,
  };
}

// Channels are named by whichever list is shorter, so that a link stays short.
export function viewSearch(view: ViewQuery, fields: string[]): string {
  const parts: string[] = [];
  if (view.tab !== 'curves') parts.push(`tab=${view.tab}`);
  if (view.from !== null && view.to !== null) parts.push(`from=${view.from}`, `to=${view.to}`);
  if (view.hidden) {
    const hidden = fields.filter((field) => view.hidden!.has(field));
    const shown = fields.filter((field) => !view.hidden!.has(field));
    const key = hidden.length <= shown.length ? 'hide' : 'only';
    const list = key === 'hide' ? hidden : shown;
    parts.push(`${key}=${list.map(encodeURIComponent).join(',')}`);
  }
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

// What the page of files shows: which of them, not older than `days` (0: of any age), and the one that is opened.
export type FileChoice = 'all' | 'waiting' | 'held' | 'rejected' | 'committed';

export interface FilesQuery {
  state: FileChoice;
  campaign: string;
  days: number;
  file: number | null;
}

export const kFileChoices: FileChoice[] = ['all', 'waiting', 'held', 'rejected', 'committed'];
export const kFileAges = [0, 1, 7, 30];

export function parseFiles(search: string): FilesQuery {
  const query = new URLSearchParams(search);
  const days = Number(query.get('days') ?? 0);
  const file = query.get('file') ?? '';
  return {
    state: kFileChoices.find((choice) => choice === query.get('state')) ?? 'all',
    campaign: query.get('campaign') ?? '',
    days: kFileAges.includes(days) ? days : 0,
    file: /^\d{1,15}$/.test(file) ? Number(file) : null,
  };
}

export function filesSearch(view: FilesQuery): string {
  const parts: string[] = [];
  if (view.state !== 'all') parts.push(`state=${view.state}`);
  if (view.campaign !== '') parts.push(`campaign=${encodeURIComponent(view.campaign)}`);
  if (view.days !== 0) parts.push(`days=${view.days}`);
  if (view.file !== null) parts.push(`file=${view.file}`);
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

// The tab that an address names; the first where it names none.
export function chosenTab<Name extends string>(search: string, names: readonly Name[]): Name {
  const named = new URLSearchParams(search).get('tab');
  return names.find((name) => name === named) ?? names[0]!;
}
