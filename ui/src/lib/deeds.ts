// Who did what, as the trail and the files name it, in words of the page.

import type { MessageKey } from '../messages/en';
import { bytes } from './format';
import { t } from './language.svelte';
import type { Role } from './people';

const kDeeds: Record<string, MessageKey> = {
  sign_in: 'deed.sign_in',
  'sign_in.refused': 'deed.sign_in.refused',
  sign_out: 'deed.sign_out',
  'session.end': 'deed.session.end',
  'password.change': 'deed.password.change',
  'password.refused': 'deed.password.refused',
  'password.reset': 'deed.password.reset',
  'second_factor.add': 'deed.second_factor.add',
  'second_factor.remove': 'deed.second_factor.remove',
  'user.create': 'deed.user.create',
  'user.enable': 'deed.user.enable',
  'user.disable': 'deed.user.disable',
  'user.role': 'deed.user.role',
  'user.remove': 'deed.user.remove',
  'tenant.create': 'deed.tenant.create',
  'tenant.enable': 'deed.tenant.enable',
  'tenant.disable': 'deed.tenant.disable',
  'tenant.remove': 'deed.tenant.remove',
  'settings.change': 'deed.settings.change',
  'token.create': 'deed.token.create',
  'token.enable': 'deed.token.enable',
  'token.disable': 'deed.token.disable',
  'token.remove': 'deed.token.remove',
  'sftp.create': 'deed.sftp.create',
  'sftp.password': 'deed.sftp.password',
  'sftp.key.add': 'deed.sftp.key.add',
  'sftp.key.remove': 'deed.sftp.key.remove',
  'sftp.enable': 'deed.sftp.enable',
  'sftp.disable': 'deed.sftp.disable',
  'sftp.refused': 'deed.sftp.refused',
  'sftp.remove': 'deed.sftp.remove',
  'file.upload': 'deed.file.upload',
  'file.accept': 'deed.file.accept',
  'file.reject': 'deed.file.reject',
  'file.retry': 'deed.file.retry',
};

const kDetails: Record<string, MessageKey> = {
  'with a password': 'deed.detail.password',
  'keys only': 'deed.detail.keys',
  changed: 'deed.detail.changed',
  removed: 'deed.detail.removed',
  'wrong password': 'deed.detail.wrongPassword',
  'wrong or used code': 'deed.detail.wrongCode',
  'wrong password, or the account is unknown or disabled': 'deed.detail.wrongAccount',
};

const kRoles: Role[] = ['viewer', 'editor', 'owner', 'admin'];

// A deed that is not known here keeps the server's name.
export function deedText(action: string): string {
  return Object.hasOwn(kDeeds, action) ? t(kDeeds[action]!) : action;
}

// Who acted: a user, or what the program calls those who did not come by the pages.
export function whoText(who: string): string {
  const user = /^command line \((.*)\)$/.exec(who)?.[1];
  if (user !== undefined) return t('who.command.of', { name: user });
  if (who === 'command line') return t('who.command');
  return who === 'first start' ? t('who.firstStart') : who;
}

// What the trail notes beside a deed: roles and sizes in words, the rest as it is.
export function detailText(action: string, detail: string, locale: string): string {
  const role = (name: string): string => (kRoles.includes(name as Role) ? t(`role.${name as Role}`) : name);
  if (action === 'user.role') return detail.split(' to ').map(role).join(' → ');
  if (action === 'user.create' || action === 'user.remove') return role(detail);
  if (Object.hasOwn(kDetails, detail)) return t(kDetails[detail]!);
  return detail.replace(/\b(\d{1,15}) bytes\b/g, (_, size: string) => bytes(Number(size), locale));
}
