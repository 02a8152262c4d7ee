// Requests about files that were handed in, and what became of them. Instants are Unix seconds.

import { campaignPath, change, json, sendFile, tenantApiPath } from './api';

export type FileState = 'received' | 'claimed' | 'parsed' | 'committed' | 'held' | 'rejected';
export type Counts = Record<FileState, number>;

export interface Evidence {
  what: string;
  column: string;
}

// What was read of a file: docs/report.md has all names.
export type Receipt = Record<string, unknown>;

// Where the samples of a stored file go: the store, and copies elsewhere that may still wait for them.
export interface Sinks {
  total: number;
  waiting: string[];
  refused: string[];
}

// `path` and `moved_to` lie below the data folder. `receipt` and `evidence` are only there for one file alone.
export interface ArrivedFile {
  id: number;
  tenant: string;
  campaign: string;
  device: string;
  name: string;
  path: string;
  state: FileState;
  filed: boolean;
  size: number;
  digest: string;
  way: string;
  who: string;
  received: number;
  updated: number;
  next_attempt: number | null;
  attempts: number;
  reason: string;
  message: string;
  line: number;
  moved_to: string;
  evidence?: Evidence[];
  accepted_by: string;
  header_of: string;
  sinks?: Sinks;
  receipt?: Receipt | null;
}

export interface ArrivalList {
  files: ArrivedFile[];
  counts: Counts;
}

export interface ArrivalQuestion {
  state?: FileState | 'waiting' | null;
  campaign?: string | null;
  since?: number | null;
  before?: number | null;
  limit: number;
}

// Of all companies where `tenant` is null.
export function listArrivals(tenant: string | null, question: ArrivalQuestion, signal?: AbortSignal): Promise<ArrivalList> {
  const query = new URLSearchParams({ limit: String(question.limit) });
  if (question.state === 'waiting') query.set('waiting', '1');
  else if (question.state) query.set('state', question.state);
  if (question.campaign) query.set('campaign', question.campaign);
  if (question.since) query.set('since', String(question.since));
  if (question.before) query.set('before', String(question.before));
  return json(`${tenant === null ? '' : tenantApiPath(tenant)}/arrivals?${query}`, signal);
}

function arrivalPath(tenant: string, id: number): string {
  return `${tenantApiPath(tenant)}/arrivals/${id}`;
}

export function readArrival(tenant: string, id: number, signal?: AbortSignal): Promise<ArrivedFile> {
  return json(arrivalPath(tenant, id), signal);
}

export function retryArrival(tenant: string, id: number): Promise<ArrivedFile> {
  return change('POST', `${arrivalPath(tenant, id)}/retry`, {});
}

// `headerOf` is the path of the file whose header counts instead of its own; "" for its own.
export function acceptArrival(tenant: string, id: number, headerOf: string): Promise<ArrivedFile> {
  return change('POST', `${arrivalPath(tenant, id)}/accept`, headerOf === '' ? {} : { header_of: headerOf });
}

export function rejectArrival(tenant: string, id: number, message: string): Promise<ArrivedFile> {
  return change('POST', `${arrivalPath(tenant, id)}/reject`, message === '' ? {} : { message });
}

export async function handIn(
  place: { tenant: string; campaign: string; device: string },
  file: File,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<ArrivedFile> {
  const path = `${campaignPath(place.tenant, place.campaign)}/devices/${encodeURIComponent(place.device)}/files/${encodeURIComponent(file.name)}`;
  return (await sendFile<{ file: ArrivedFile }>(path, file, progress, signal)).file;
}
