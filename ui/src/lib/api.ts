// The requests the pages make. Each throws ApiError with what the server said (problem+json), or an
// AbortError when its signal fires.

import { decodeColumns, decodeJson, type QueryResult } from './columns';
import type { Campaign, CampaignDetail, Conflict, EnergyAnswer, EnergyBucket, FileEntry, Span, TenantEntry } from './types';

const kRoot = '/api/v1';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

async function send(path: string, accept: string, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(kRoot + path, { headers: { Accept: accept }, signal: signal ?? null, credentials: 'same-origin' });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError(0, '', '');
  }
  if (response.ok) return response;
  let title = response.statusText;
  let detail = '';
  try {
    const problem = (await response.json()) as { title?: string; detail?: string };
    title = problem.title ?? title;
    detail = problem.detail ?? '';
  } catch {
    // A proxy's error page is no problem+json; the status line says enough.
  }
  throw new ApiError(response.status, title, detail);
}

async function json<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, 'application/json', signal);
  return (await response.json()) as T;
}

export function campaignPath(tenant: string, campaign: string): string {
  return `/tenants/${encodeURIComponent(tenant)}/campaigns/${encodeURIComponent(campaign)}`;
}

export async function listTenants(signal?: AbortSignal): Promise<TenantEntry[]> {
  return (await json<{ tenants: TenantEntry[] }>('/tenants', signal)).tenants;
}

export async function listCampaigns(tenant: string, signal?: AbortSignal): Promise<Campaign[]> {
  const path = `/tenants/${encodeURIComponent(tenant)}/campaigns`;
  return (await json<{ campaigns: Campaign[] }>(path, signal)).campaigns;
}

export function readCampaign(tenant: string, campaign: string, signal?: AbortSignal): Promise<CampaignDetail> {
  return json<CampaignDetail>(campaignPath(tenant, campaign), signal);
}

function spanQuery(span: Span, fields: string[] | null): URLSearchParams {
  const query = new URLSearchParams({ from: String(span.from), to: String(span.to) });
  if (fields) query.set('channels', fields.join(','));
  return query;
}

export async function queryCurves(
  tenant: string,
  campaign: string,
  span: Span,
  points: number,
  fields: string[] | null,
  signal?: AbortSignal,
): Promise<QueryResult> {
  const query = spanQuery(span, fields);
  query.set('points', String(points));
  query.set('format', 'binary');
  const response = await send(
    `${campaignPath(tenant, campaign)}/query?${query}`,
    'application/vnd.powerview.columns',
    signal,
  );
  const type = response.headers.get('Content-Type') ?? '';
  if (type.startsWith('application/json')) return decodeJson(await response.json());
  return decodeColumns(await response.arrayBuffer());
}

export function queryEnergy(
  tenant: string,
  campaign: string,
  span: Span,
  bucket: EnergyBucket,
  fields: string[] | null,
  signal?: AbortSignal,
): Promise<EnergyAnswer> {
  const query = spanQuery(span, fields);
  query.set('bucket', bucket);
  return json<EnergyAnswer>(`${campaignPath(tenant, campaign)}/energy?${query}`, signal);
}

export async function listFiles(tenant: string, campaign: string, limit: number, signal?: AbortSignal): Promise<FileEntry[]> {
  return (await json<{ files: FileEntry[] }>(`${campaignPath(tenant, campaign)}/files?limit=${limit}`, signal)).files;
}

export async function listConflicts(tenant: string, campaign: string, limit: number, signal?: AbortSignal): Promise<Conflict[]> {
  const path = `${campaignPath(tenant, campaign)}/conflicts?limit=${limit}`;
  return (await json<{ conflicts: Conflict[] }>(path, signal)).conflicts;
}

export type ExportFormat = 'csv' | 'samples' | 'line-protocol';

// The end of the period is `to_time` here because `to` names the format.
export function exportLink(tenant: string, campaign: string, format: ExportFormat, span: Span, fields: string[] | null): string {
  const query = new URLSearchParams({ to: format, from: String(span.from), to_time: String(span.to) });
  if (fields) query.set('channels', fields.join(','));
  return `${kRoot}${campaignPath(tenant, campaign)}/export?${query}`;
}
