// Addresses of the pages: /, /t/<tenant>, /t/<tenant>/<campaign>, and the view kept in a campaign's query.

export type Route =
  | { page: 'home' }
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

export function parsePath(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return { page: 'home' };
  if (parts[0] !== 't' || parts.length > 3) return { page: 'unknown' };
  const names = parts.slice(1).map(decode);
  if (names.length === 0) return { page: 'home' };
  const [tenant, campaign] = names;
  if (tenant === null || tenant === undefined || campaign === null) return { page: 'unknown' };
  return campaign === undefined ? { page: 'tenant', tenant } : { page: 'campaign', tenant, campaign };
}

export function tenantPath(tenant: string): string {
  return `/t/${encodeURIComponent(tenant)}`;
}

export function pathOf(tenant: string, campaign: string): string {
  return `${tenantPath(tenant)}/${encodeURIComponent(campaign)}`;
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
