// A file's receipt (docs/report.md) as lines to show: what was taken, what was left out, and how it fits with what was there.

import type { MessageKey } from '../messages/en';
import type { Receipt } from './arrivals';

export interface ReceiptLine {
  key: MessageKey;
  value: number;
  // What it counts: things, or seconds.
  unit: 'count' | 'seconds';
}

interface Source {
  // Where the receipt has it: "coverage.gaps_closed.count" lies in objects.
  name: string;
  key: MessageKey;
  unit?: 'seconds';
}

const kTaken: Source[] = [
  { name: 'nb_rows', key: 'receipt.rows' },
  { name: 'coverage.rows_new', key: 'receipt.rowsNew' },
  { name: 'nb_points', key: 'receipt.points' },
  { name: 'nb_points_new', key: 'receipt.new' },
  { name: 'nb_points_same', key: 'receipt.same' },
  { name: 'nb_points_replaced', key: 'receipt.replaced' },
  { name: 'nb_points_outranked', key: 'receipt.outranked' },
];

const kLeft: Source[] = [
  { name: 'nb_clock_unset_rows', key: 'receipt.clockUnset' },
  { name: 'nb_invalid_timestamps', key: 'receipt.invalidTimes' },
  { name: 'nb_invalid_values', key: 'receipt.invalidValues' },
  { name: 'nb_missing_cells', key: 'receipt.missingCells' },
  { name: 'nb_other_faults', key: 'receipt.otherFaults' },
];

const kFit: Source[] = [
  { name: 'nb_restart_rows', key: 'receipt.restarts' },
  { name: 'nb_duplicate_stamps', key: 'receipt.duplicates' },
  { name: 'nb_gaps', key: 'receipt.gaps' },
  { name: 'gap_s', key: 'receipt.gapTime', unit: 'seconds' },
  { name: 'coverage.rows_known', key: 'receipt.overlaps' },
  { name: 'coverage.gaps_left.count', key: 'receipt.gapsLeft' },
  { name: 'coverage.gaps_left.seconds', key: 'receipt.gapsLeftTime', unit: 'seconds' },
  { name: 'coverage.gaps_closed.count', key: 'receipt.closed' },
  { name: 'coverage.gaps_closed.seconds', key: 'receipt.closedTime', unit: 'seconds' },
  { name: 'coverage.gap_before', key: 'receipt.gapBefore', unit: 'seconds' },
  { name: 'coverage.gap_after', key: 'receipt.gapAfter', unit: 'seconds' },
];

// A period counts with its length.
function numberAt(receipt: Receipt, name: string): number | null {
  const found = name.split('.').reduce<unknown>((at, part) => (typeof at === 'object' && at !== null ? (at as Receipt)[part] : undefined), receipt);
  if (typeof found === 'number') return found;
  if (typeof found !== 'object' || found === null) return null;
  const { from, to } = found as Receipt;
  const seconds = (Date.parse(String(to)) - Date.parse(String(from))) / 1000;
  return Number.isFinite(seconds) ? seconds : null;
}

function lines(receipt: Receipt, sources: Source[]): ReceiptLine[] {
  return sources.flatMap(({ name, key, unit }) => {
    const value = numberAt(receipt, name);
    return value !== null ? [{ key, value, unit: unit ?? 'count' }] : [];
  });
}

// Columns count from 1; 0: of the whole row.
export interface ReceiptFault {
  kind: string;
  line: number;
  column: number;
}

export interface ReceiptParts {
  taken: ReceiptLine[];
  // Only what there was of it.
  left: ReceiptLine[];
  fit: ReceiptLine[];
  warnings: string[];
  faults: ReceiptFault[];
  alreadyStored: boolean;
  truncatedLine: number | null;
}

function readFault(fault: unknown): ReceiptFault[] {
  if (typeof fault !== 'object' || fault === null) return [];
  const { kind, line, column } = fault as Record<string, unknown>;
  if (typeof kind !== 'string' || typeof line !== 'number') return [];
  return [{ kind, line, column: typeof column === 'number' ? column : 0 }];
}

export function readReceipt(receipt: Receipt): ReceiptParts {
  const some = (line: ReceiptLine): boolean => line.value > 0;
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const tail = receipt['truncated_tail'] as { line?: unknown } | null | undefined;
  return {
    taken: lines(receipt, kTaken).filter((line) => some(line) || line.key === 'receipt.rows'),
    left: lines(receipt, kLeft).filter(some),
    fit: lines(receipt, kFit).filter(some),
    warnings: list(receipt['warnings']).map(String),
    faults: list(receipt['faults']).flatMap(readFault),
    alreadyStored: receipt['already_stored'] === true,
    truncatedLine: typeof tail?.line === 'number' ? tail.line : null,
  };
}
