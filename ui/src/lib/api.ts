// The requests the pages make: how they are sent, and those for data; arrivals.ts and people.ts have the others. Each throws
// ApiError with what the server said (problem+json), or an AbortError when its signal fires.

import { decodeColumns, decodeJson, type QueryResult } from './columns';
import type { Campaign, CampaignDetail, Conflict, EnergyAnswer, EnergyBucket, FileEntry, Span, TenantEntry } from './types';

const kRoot = '/api/v1';

// `reason` is a stable name where the server gives one; `retryAfter` counts seconds, 0 where it says nothing of a wait.
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly reason = '',
    readonly retryAfter = 0,
  ) {
    super(detail || title);
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

let signedOut = (): void => {};

// `heard` is called whenever the server no longer knows who asks.
export function whenSignedOut(heard: () => void): void {
  signedOut = heard;
}

// A proxy's error page is no problem+json; then the status line says enough.
export function problemOf(status: number, statusText: string, body: string, retryAfter: string | null): ApiError {
  let problem: { title?: unknown; detail?: unknown; reason?: unknown } = {};
  try {
    problem = (JSON.parse(body) as typeof problem | null) ?? {};
  } catch {
    // As above.
  }
  const text = (value: unknown, fallback: string): string => (typeof value === 'string' ? value : fallback);
  const wait = /^\d{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) : 0;
  return new ApiError(status, text(problem.title, statusText), text(problem.detail, ''), text(problem.reason, ''), wait);
}

// A sign-in that is refused is an answer to the form, not the end of a session.
function told(problem: ApiError, path: string): ApiError {
  if (problem.status === 401 && path !== '/session') signedOut();
  return problem;
}

interface Question {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  accept?: string;
  signal?: AbortSignal | undefined;
}

// A page of another site can send a form here with this one's cookie, but not this header.
const kOwnPage = { 'X-PowerView': '1' };

export async function send(path: string, question: Question = {}): Promise<Response> {
  const { method = 'GET', body, accept = 'application/json', signal } = question;
  const headers: Record<string, string> = { Accept: accept };
  if (method !== 'GET') Object.assign(headers, kOwnPage);
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(kRoot + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError(0, '', '');
  }
  if (response.ok) return response;
  const said = await response.text().catch(() => '');
  throw told(problemOf(response.status, response.statusText, said, response.headers.get('Retry-After')), path);
}

export async function json<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, { signal })).json()) as T;
}

// Asks for a change; the answer is undefined where the server has nothing to say about it.
export async function change<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const response = await send(path, { method, body });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

// Sends a file's bytes. `progress` hears the share that is on its way, 0 to 1: fetch() cannot tell it.
export function sendFile<T>(path: string, file: Blob, progress: (share: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', kRoot + path);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    for (const [name, value] of Object.entries(kOwnPage)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable && event.total > 0) progress(event.loaded / event.total);
    });
    request.addEventListener('load', () => {
      if (request.status < 200 || request.status > 299) {
        return reject(told(problemOf(request.status, request.statusText, request.responseText, request.getResponseHeader('Retry-After')), path));
      }
      try {
        resolve(JSON.parse(request.responseText) as T);
      } catch {
        reject(new ApiError(0, '', ''));
      }
    });
    request.addEventListener('error', () => reject(new ApiError(0, '', '')));
    request.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

export function tenantApiPath(tenant: string): string {
  return `/tenants/${encodeURIComponent(tenant)}`;
}

export function campaignPath(tenant: string, campaign: string): string {
  return `${tenantApiPath(tenant)}/campaigns/${encodeURIComponent(campaign)}`;
}

export async function listTenants(signal?: AbortSignal): Promise<TenantEntry[]> {
  return (await json<{ tenants: TenantEntry[] }>('/tenants', signal)).tenants;
}

export async function listCampaigns(tenant: string, signal?: AbortSignal): Promise<Campaign[]> {
  return (await json<{ campaigns: Campaign[] }>(`${tenantApiPath(tenant)}/campaigns`, signal)).campaigns;
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
  const response = await send(`${campaignPath(tenant, campaign)}/query?${query}`, { accept: 'application/vnd.powerview.columns', signal });
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
