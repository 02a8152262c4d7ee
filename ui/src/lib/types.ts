// What /api/v1 answers. Instants are whole Unix seconds (UTC); zones are IANA names.

export type Standing = 'active' | 'disabled';

// Either `campaigns`, or `error` where the tenant's data cannot be read. `registered`: it was created, and has people and settings.
export interface TenantEntry {
  name: string;
  standing?: Standing;
  registered?: boolean;
  campaigns?: number;
  error?: string;
}

export interface LastFile {
  name: string;
  stored_at: number;
}

export interface Logger {
  sn: string;
  from: number | null;
  to: number | null;
  step_s: number;
  rows: number;
  samples: number;
  channels: number;
  last_file: LastFile | null;
}

export interface Campaign {
  name: string;
  zone: string;
  from: number | null;
  to: number | null;
  samples: number;
  rows: number;
  files: number;
  conflicts: number;
  channels: number;
  loggers: Logger[];
}

export interface Channel {
  field: string;
  channel_id: string;
  logger: string;
  device_sn: string;
  label: string;
  name: string;
  unit: string;
  device_type: string;
  device_subtype: string;
}

export interface CampaignDetail extends Campaign {
  generation: number;
  channel_list: Channel[];
}

export interface ChannelSummary {
  field: string;
  unit: string;
  count: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  energy_wh: number | null;
  coverage: number;
}

export interface LoggerEvent {
  t: number;
  logger: string;
  kind: string;
}

export interface Gap {
  logger: string;
  from: number;
  to: number;
}

export interface Span {
  from: number;
  to: number;
}

export interface EnergyAnswer {
  zone: string;
  buckets: Span[];
  channels: { field: string; energy_wh: (number | null)[]; coverage: number[] }[];
}

export type EnergyBucket = 'hour' | 'day' | 'week' | 'month';

export interface FileEntry {
  name: string;
  device_folder: string;
  size: number;
  digest: string;
  zone: string;
  stored_at: number;
}

export interface Conflict {
  field: string;
  t: number;
  value: number | null;
  kept: number | null;
  file: string;
}
