// What somebody may do, so that no page offers what the server would refuse. The server decides.

import type { Me, Role } from './people';

const kRanks: Record<Role, number> = { viewer: 0, editor: 1, owner: 2, admin: 3 };

// Roles that a user of a company can have, the smallest first.
export const kCompanyRoles: Role[] = ['viewer', 'editor', 'owner'];

function atLeast(me: Me | null, role: Role, tenant: string): boolean {
  if (!me) return false;
  if (me.role === 'admin') return true;
  return me.tenant === tenant && kRanks[me.role] >= kRanks[role];
}

export function isAdministrator(me: Me | null): boolean {
  return me?.role === 'admin';
}

// Hand files in, and settle those that are held.
export function mayHandIn(me: Me | null, tenant: string): boolean {
  return atLeast(me, 'editor', tenant);
}

// Users, tokens, SFTP accounts and settings of a company.
export function mayManage(me: Me | null, tenant: string): boolean {
  return atLeast(me, 'owner', tenant);
}
