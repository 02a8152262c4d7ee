import { describe, expect, it } from 'vitest';
import { ApiError, problemOf } from '../src/lib/api';
import { randomPassword } from '../src/lib/passwords';
import type { Me } from '../src/lib/people';
import { qrCode } from '../src/lib/qr';
import { isAdministrator, mayHandIn, mayManage } from '../src/lib/roles';
import { codeOf, isCode, isFolderName, isPassword, isPublicKey, isSftpName, isUserName, isZone, quotaOf, quotaText, stepOf } from '../src/lib/rules';

describe('what forms take', () => {
  it('names of folders', () => {
    expect(['acme', 'Boulangerie Dupré', 'a.b', '50 % & plus', 'é'.repeat(64)].every(isFolderName)).toBe(true);
    expect(['', '.a', ' a', 'a ', 'a/b', 'a\\b', 'a\u0000', 'a\nb', 'é'.repeat(65)].some(isFolderName)).toBe(false);
  });
  it('names of users and accounts', () => {
    expect(['marie', 'm.d@x-y_1'].every(isUserName)).toBe(true);
    expect(['', 'Marie', 'a b', 'é', 'a'.repeat(65)].some(isUserName)).toBe(false);
    expect(isSftpName('Logger-1.a_B')).toBe(true);
    expect(['', 'a@b', 'a b', '../a'].some(isSftpName)).toBe(false);
  });
  it('passwords, counted in bytes', () => {
    expect(isPassword('0123456789', 'x')).toBe(true);
    expect(isPassword('012345678', 'x')).toBe(false);
    expect(isPassword('a'.repeat(257), 'x')).toBe(false);
    expect(isPassword('MarieDupont', 'mariedupont')).toBe(false);
    expect(isPassword(randomPassword(), 'x')).toBe(true);
    expect(randomPassword()).not.toBe(randomPassword());
  });
  it('codes, with the space a telephone shows', () => {
    expect(isCode('123 456')).toBe(true);
    expect(codeOf(' 123 456')).toBe('123456');
    expect(['12345', '1234567', '12345a', ''].some(isCode)).toBe(false);
  });
  it('public keys, not private ones', () => {
    expect(isPublicKey('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ logger 1')).toBe(true);
    expect(isPublicKey('ecdsa-sha2-nistp256 AAAAE2VjZHNh==\n')).toBe(true);
    expect(['-----BEGIN OPENSSH PRIVATE KEY-----', 'ssh-ed25519', 'command="x" ssh-rsa AAAA', 'ssh-rsa AA\nssh-rsa BB'].some(isPublicKey)).toBe(false);
  });
  it('zones, steps and quotas', () => {
    expect([isZone('Europe/Paris'), isZone('Mars/Base')]).toEqual([true, false]);
    expect(['', '600', ' 10 ', '0', '86401', '1.5', 'x'].map(stepOf)).toEqual([null, 600, 10, undefined, undefined, undefined, undefined]);
    expect(['', '2.5', '2,5', '0', '-1', 'x'].map(quotaOf)).toEqual([null, 2.5e9, 2.5e9, 0, undefined, undefined]);
    expect(quotaOf(quotaText(1_234_567_890))).toBe(1_234_567_890);
  });
});

describe('who may do what', () => {
  const me = (role: Me['role'], tenant: string | null): Me => ({ name: 'x', role, tenant, second_factor: false, must_change_password: false });
  it('in the own company only, administrators in all', () => {
    expect([mayHandIn(me('viewer', 'a'), 'a'), mayHandIn(me('editor', 'a'), 'a'), mayHandIn(me('owner', 'a'), 'a')]).toEqual([false, true, true]);
    expect([mayHandIn(me('editor', 'a'), 'b'), mayManage(me('owner', 'a'), 'b'), mayManage(me('editor', 'a'), 'a'), mayManage(me('owner', 'a'), 'a')]).toEqual([false, false, false, true]);
    expect([mayHandIn(me('admin', null), 'b'), mayManage(me('admin', null), 'b'), isAdministrator(me('admin', null))]).toEqual([true, true, true]);
    expect([mayHandIn(null, 'a'), isAdministrator(null), isAdministrator(me('owner', 'a'))]).toEqual([false, false, false]);
  });
});

describe('what the server says went wrong', () => {
  it('is read from a problem, with its reason and the wait', () => {
    const problem = problemOf(429, 'Too Many Requests', '{"title":"T","detail":"D","reason":"throttled"}', '30');
    expect(problem).toBeInstanceOf(ApiError);
    expect([problem.status, problem.title, problem.detail, problem.reason, problem.retryAfter]).toEqual([429, 'T', 'D', 'throttled', 30]);
  });
  it('is the status line of a page that is no problem', () => {
    for (const body of ['<html>', 'null', '[]', '{"title":1}', '']) {
      const problem = problemOf(502, 'Bad Gateway', body, 'Wed, 21 Oct 2026 07:28:00 GMT');
      expect([problem.message, problem.reason, problem.retryAfter]).toEqual(['Bad Gateway', '', 0]);
    }
  });
});

describe('a QR code', () => {
  it('is the one of the standard’s layout, as large as its text needs', () => {
    expect(qrCode('a'.repeat(14))?.length).toBe(21);
    expect(qrCode('a'.repeat(15))?.length).toBe(25);
    expect(qrCode('a'.repeat(213))?.length).toBe(57);
    expect(qrCode('a'.repeat(214))).toBe(null);
    const corner = qrCode('otpauth')!.slice(0, 7).map((row) => row.slice(0, 8).map((dark) => (dark ? '#' : '.')).join(''));
    expect(corner).toEqual(['#######.', '#.....#.', '#.###.#.', '#.###.#.', '#.###.#.', '#.....#.', '#######.']);
  });
  it('draws the code that a reader was seen to read', () => {
    const code = qrCode('otpauth://totp/PowerView:marie?secret=JBSWY3DPEHPK3PXP&issuer=PowerView')!;
    const sum = code.flat().reduce((hash, dark) => (hash * 31 + (dark ? 1 : 2)) % 1_000_000_007, 7);
    expect([code.length, sum]).toEqual([37, 730256990]);
  });
});
