import { describe, expect, it } from 'vitest';
import type { FileState } from '../src/lib/arrivals';
import { fateOf, isSettled, kSigns, waitingOf, waysOut } from '../src/lib/fates';
import { faultKey, kFaults, kReasons, reasonKey } from '../src/lib/reasons';
import { readReceipt } from '../src/lib/receipt';
import { en } from '../src/messages/en';
import { fr } from '../src/messages/fr';

const states: FileState[] = ['received', 'claimed', 'parsed', 'committed', 'held', 'rejected'];

describe('what became of a file', () => {
  it('has a word in both languages and a sign of its own kind for each state', () => {
    for (const state of states) {
      for (const filed of [false, true]) {
        const fate = fateOf({ state, filed, reason: '' });
        expect(en[`fate.${fate}`]).not.toBe('');
        expect(fr[`fate.${fate}`]).not.toBe('');
        expect(kSigns[fate].icon).not.toBe('');
      }
    }
    const settled = (['stored', 'held', 'rejected', 'waiting'] as const).map((fate) => kSigns[fate].icon);
    expect(new Set(settled).size).toBe(4);
  });
  it('tells a first wait from a later one, and stored from filed', () => {
    expect(fateOf({ state: 'received', filed: false, reason: '' })).toBe('waiting');
    expect(fateOf({ state: 'received', filed: false, reason: 'store_unavailable' })).toBe('again');
    expect(fateOf({ state: 'committed', filed: false, reason: '' })).toBe('filing');
    expect(fateOf({ state: 'committed', filed: true, reason: '' })).toBe('stored');
  });
  it('is settled once nothing happens by itself', () => {
    expect(states.filter((state) => isSettled({ state, filed: true }))).toEqual(['committed', 'held', 'rejected']);
    expect(isSettled({ state: 'committed', filed: false })).toBe(false);
  });
  it('leaves the ways out that the server knows in that state', () => {
    expect(states.map((state) => waysOut(state).join(' '))).toEqual(['retry reject', '', '', '', 'accept retry reject', 'retry']);
  });
  it('counts as waiting until it is stored or a person must look', () => {
    expect(waitingOf({ received: 1, claimed: 2, parsed: 4, committed: 8, held: 16, rejected: 32 })).toBe(7);
  });
});

describe('reasons', () => {
  it('are sentences in both languages', () => {
    for (const key of Object.values(kReasons)) {
      expect(en[key]).toMatch(/^[A-Z].*\.$/);
      expect(fr[key]).toMatch(/^[A-ZÀÉ].*\.$/);
      expect(fr[key]).not.toBe(en[key]);
    }
  });
  it('name the faults of a row in both languages', () => {
    for (const key of Object.values(kFaults)) expect(fr[key]).not.toBe(en[key]);
    expect(faultKey('invalid_value')).toBe('fault.invalid_value');
    expect(faultKey('constructor')).toBe(null);
  });
  it('that are not known leave the message to speak', () => {
    expect(reasonKey('no_header')).toBe('reason.no_header');
    for (const name of ['', 'brand_new', 'toString', '__proto__']) expect(reasonKey(name)).toBe(null);
  });
});

describe('a receipt', () => {
  it('lists what was taken, left out, and how it fits', () => {
    const parts = readReceipt({
      nb_rows: 144, nb_points: 1728, nb_points_new: 1700, nb_points_same: 28, nb_points_replaced: 0, nb_clock_unset_rows: 3, nb_invalid_values: 0,
      nb_gaps: 1, gap_s: 3600, nb_restart_rows: 1, already_stored: false, truncated_tail: { line: 150, byte_offset: 9000 },
      warnings: ['a warning'], faults: [{ kind: 'invalid_value', line: 12, column: 3, byte_offset: 700 }],
    });
    expect(parts.taken.map((line) => [line.key, line.value])).toEqual([
      ['receipt.rows', 144], ['receipt.points', 1728], ['receipt.new', 1700], ['receipt.same', 28],
    ]);
    expect(parts.left.map((line) => line.key)).toEqual(['receipt.clockUnset']);
    expect(parts.fit.map((line) => [line.key, line.value, line.unit])).toEqual([
      ['receipt.restarts', 1, 'count'], ['receipt.gaps', 1, 'count'], ['receipt.gapTime', 3600, 'seconds'],
    ]);
    expect(parts.truncatedLine).toBe(150);
    expect(parts.warnings).toEqual(['a warning']);
    expect(parts.faults).toEqual([{ kind: 'invalid_value', line: 12, column: 3 }]);
  });
  it('says what the file adds to what was there', () => {
    const parts = readReceipt({
      nb_rows: 144,
      coverage: {
        rows_new: 100, rows_known: 44, gaps_left: { count: 0, seconds: 0, first: [] }, gaps_closed: { count: 2, seconds: 7200, first: [] },
        gap_before: { from: '2025-11-10T00:00:00Z', to: '2025-11-10T06:00:00Z' }, gap_after: null,
      },
    });
    expect(parts.taken.map((line) => [line.key, line.value])).toEqual([['receipt.rows', 144], ['receipt.rowsNew', 100]]);
    expect(parts.fit.map((line) => [line.key, line.value])).toEqual([
      ['receipt.overlaps', 44], ['receipt.closed', 2], ['receipt.closedTime', 7200], ['receipt.gapBefore', 21_600],
    ]);
    expect(readReceipt({ coverage: null }).fit).toEqual([]);
  });
  it('shows that no row was taken, and bears what it does not know', () => {
    const parts = readReceipt({ nb_rows: 0, nb_gaps: 'many', coverage: { gap_before: { from: 'x' }, gaps_left: 3 }, faults: [null, 'x', {}], truncated_tail: null });
    expect(parts.taken).toEqual([{ key: 'receipt.rows', value: 0, unit: 'count' }]);
    expect([parts.left, parts.fit, parts.faults, parts.truncatedLine]).toEqual([[], [], [], null]);
  });
});
