// Requests about people and what lets programs and loggers in: the session, the own account, companies, users, tokens, SFTP
// accounts, settings, the audit trail. Instants are Unix seconds.

import { change, json, tenantApiPath } from './api';
import type { Standing } from './types';

export type Role = 'viewer' | 'editor' | 'owner' | 'admin';

// `tenant` is null for administrators, who belong to no company.
export interface Me {
  name: string;
  role: Role;
  tenant: string | null;
  second_factor: boolean;
  must_change_password: boolean;
}

export interface SessionEntry {
  id: number;
  address: string;
  agent: string;
  created: number;
  last_seen: number;
  expires: number;
  current: boolean;
}

export interface Settings {
  zone: string | null;
  expected_step: number | null;
  quota: number | null;
}

export interface ScopedSettings extends Settings {
  campaign: string | null;
  device: string | null;
}

// `created` is null for a company that was never created; `quota_used` where the server does not count.
export interface Tenant {
  name: string;
  standing: Standing;
  registered: boolean;
  created: number | null;
  settings: Settings;
  quota_used: number | null;
}

export interface User {
  name: string;
  role: Role;
  tenant: string | null;
  standing: Standing;
  second_factor: boolean;
  must_change_password: boolean;
  created: number;
  last_sign_in: number | null;
}

// `password` is there when the server made one up; it is never told again.
export interface UserAnswer {
  user: User;
  password?: string;
}

export interface Token {
  name: string;
  scope: 'read' | 'write';
  standing: Standing;
  created: number;
  last_used: number | null;
  expires: number | null;
  created_by: string;
}

export interface SftpKey {
  type: string;
  fingerprint: string;
  comment: string;
}

export interface SftpAccount {
  name: string;
  standing: Standing;
  has_password: boolean;
  keys: SftpKey[];
  created: number;
  last_seen: number | null;
}

export interface SftpAccounts {
  accounts: SftpAccount[];
  server: { port: number | null; fingerprints: string[] };
}

export interface AuditEntry {
  time: number;
  who: string;
  address: string;
  action: string;
  subject: string;
  detail: string;
  tenant?: string | null;
}

// --- the session and the own account

export async function askSession(): Promise<Me> {
  return (await json<{ user: Me }>('/session')).user;
}

export async function beginSession(user: string, password: string, code: string): Promise<Me> {
  return (await change<{ user: Me }>('POST', '/session', { user, password, ...(code === '' ? {} : { code }) })).user;
}

export function endSession(): Promise<void> {
  return change('DELETE', '/session');
}

export function changePassword(current: string, next: string): Promise<void> {
  return change('PUT', '/account/password', { current, next });
}

export async function listSessions(): Promise<SessionEntry[]> {
  return (await json<{ sessions: SessionEntry[] }>('/account/sessions')).sessions;
}

export function closeSession(id: number): Promise<void> {
  return change('DELETE', `/account/sessions/${id}`);
}

export async function beginSecondFactor(): Promise<string> {
  return (await change<{ secret_uri: string }>('POST', '/account/second-factor')).secret_uri;
}

export function confirmSecondFactor(code: string): Promise<void> {
  return change('PUT', '/account/second-factor', { code });
}

export function removeSecondFactor(password: string): Promise<void> {
  return change('DELETE', '/account/second-factor', { password });
}

// --- companies

export function createTenant(name: string, settings: Settings): Promise<Tenant> {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
  return change('POST', '/tenants', { name, ...given });
}

export function readTenant(tenant: string): Promise<Tenant> {
  return json(tenantApiPath(tenant));
}

export function changeTenant(tenant: string, standing: Standing): Promise<void> {
  return change('PATCH', tenantApiPath(tenant), { standing });
}

export function removeTenant(tenant: string): Promise<void> {
  return change('DELETE', tenantApiPath(tenant));
}

export async function listSettings(tenant: string): Promise<ScopedSettings[]> {
  return (await json<{ settings: ScopedSettings[] }>(`${tenantApiPath(tenant)}/settings`)).settings;
}

export function changeSettings(tenant: string, settings: ScopedSettings): Promise<void> {
  const { campaign, device, zone, expected_step, quota } = settings;
  const scope = { ...(campaign === null ? {} : { campaign }), ...(device === null ? {} : { device }) };
  return change('PUT', `${tenantApiPath(tenant)}/settings`, { ...scope, zone, expected_step, quota });
}

// --- users; of the installation (administrators) where `tenant` is null

function usersPath(tenant: string | null, name?: string): string {
  const root = tenant === null ? '/users' : `${tenantApiPath(tenant)}/users`;
  return name === undefined ? root : `${root}/${encodeURIComponent(name)}`;
}

export async function listUsers(tenant: string | null): Promise<User[]> {
  return (await json<{ users: User[] }>(usersPath(tenant))).users;
}

export function createUser(tenant: string | null, name: string, role: Role): Promise<UserAnswer> {
  return change('POST', usersPath(tenant), { name, role });
}

export interface UserChange {
  role?: Role;
  standing?: Standing;
  reset_password?: true;
}

export function changeUser(tenant: string | null, name: string, wanted: UserChange): Promise<UserAnswer> {
  return change('PATCH', usersPath(tenant, name), wanted);
}

export function removeUser(tenant: string | null, name: string): Promise<void> {
  return change('DELETE', usersPath(tenant, name));
}

// --- tokens

function tokensPath(tenant: string, name?: string): string {
  const root = `${tenantApiPath(tenant)}/tokens`;
  return name === undefined ? root : `${root}/${encodeURIComponent(name)}`;
}

export async function listTokens(tenant: string): Promise<Token[]> {
  return (await json<{ tokens: Token[] }>(tokensPath(tenant))).tokens;
}

export function createToken(tenant: string, name: string, scope: Token['scope'], expires: number | null): Promise<{ token: Token; secret: string }> {
  return change('POST', tokensPath(tenant), { name, scope, ...(expires === null ? {} : { expires }) });
}

export function changeToken(tenant: string, name: string, standing: Standing): Promise<void> {
  return change('PATCH', tokensPath(tenant, name), { standing });
}

export function removeToken(tenant: string, name: string): Promise<void> {
  return change('DELETE', tokensPath(tenant, name));
}

// --- SFTP accounts

function sftpPath(tenant: string, name?: string): string {
  const root = `${tenantApiPath(tenant)}/sftp-accounts`;
  return name === undefined ? root : `${root}/${encodeURIComponent(name)}`;
}

export function listSftpAccounts(tenant: string): Promise<SftpAccounts> {
  return json(sftpPath(tenant));
}

export function createSftpAccount(tenant: string, name: string, password: string | null, key: string | null): Promise<void> {
  return change('POST', sftpPath(tenant), { name, ...(password === null ? {} : { password }), ...(key === null ? {} : { key }) });
}

export function changeSftpAccount(tenant: string, name: string, wanted: { standing?: Standing; password?: string | null }): Promise<void> {
  return change('PATCH', sftpPath(tenant, name), wanted);
}

export function removeSftpAccount(tenant: string, name: string): Promise<void> {
  return change('DELETE', sftpPath(tenant, name));
}

export function addSftpKey(tenant: string, name: string, key: string): Promise<void> {
  return change('POST', `${sftpPath(tenant, name)}/keys`, { key });
}

export function removeSftpKey(tenant: string, name: string, fingerprint: string): Promise<void> {
  return change('DELETE', `${sftpPath(tenant, name)}/keys/${encodeURIComponent(fingerprint)}`);
}

// --- audit trail; of the installation where `tenant` is null

export async function listAudit(tenant: string | null, limit: number): Promise<AuditEntry[]> {
  const root = tenant === null ? '' : tenantApiPath(tenant);
  return (await json<{ entries: AuditEntry[] }>(`${root}/audit?limit=${limit}`)).entries;
}
