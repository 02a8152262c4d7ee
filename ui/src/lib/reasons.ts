// Why a file waits, is held or was refused: the server's stable names (docs/report.md) as sentences. A name that is not known here
// leaves the server's own message to speak for itself.

import type { MessageKey } from '../messages/en';

export const kReasons: Record<string, MessageKey> = {
  empty_file: 'reason.empty_file',
  no_rows: 'reason.no_rows',
  no_valid_rows: 'reason.no_valid_rows',
  unsupported_format: 'reason.unsupported_format',
  no_header: 'reason.no_header',
  incomplete_header: 'reason.incomplete_header',
  header_mismatch: 'reason.header_mismatch',
  bad_header_block: 'reason.bad_header_block',
  bad_serial: 'reason.bad_serial',
  duplicate_channel: 'reason.duplicate_channel',
  too_many_columns: 'reason.too_many_columns',
  line_too_long: 'reason.line_too_long',
  too_large: 'reason.too_large',
  not_text: 'reason.not_text',
  path_too_short: 'reason.path_too_short',
  path_too_deep: 'reason.path_too_deep',
  bad_name: 'reason.bad_name',
  symlink: 'reason.symlink',
  not_a_file: 'reason.not_a_file',
  outside_data_folder: 'reason.outside_data_folder',
  being_written: 'reason.being_written',
  changed: 'reason.changed',
  vanished: 'reason.vanished',
  unreadable: 'reason.unreadable',
  store_unavailable: 'reason.store_unavailable',
  store_damaged: 'reason.store_damaged',
  refused_by_store: 'reason.refused_by_store',
  implausible_header: 'reason.implausible_header',
  crashed: 'reason.crashed',
  other_header_missing: 'reason.other_header_missing',
  other_header_does_not_fit: 'reason.other_header_does_not_fit',
  unknown_file_zone: 'reason.unknown_file_zone',
  ledger_unavailable: 'reason.ledger_unavailable',
  cannot_be_brought_back: 'reason.cannot_be_brought_back',
  rejected_by_hand: 'reason.rejected_by_hand',
  // Of an upload that was not taken.
  not_a_logger_file: 'reason.not_a_logger_file',
  name: 'reason.name',
  quota: 'reason.quota',
};

// Why a row or a cell was left out.
export const kFaults: Record<string, MessageKey> = {
  invalid_timestamp: 'fault.invalid_timestamp',
  invalid_value: 'fault.invalid_value',
  missing_cells: 'fault.missing_cells',
  too_many_fields: 'fault.too_many_fields',
  row_too_long: 'fault.row_too_long',
  truncated_tail: 'fault.truncated_tail',
  row_without_header: 'fault.row_without_header',
  unusable_header: 'fault.unusable_header',
  time_in_future: 'fault.time_in_future',
  too_sparse: 'fault.too_sparse',
};

// A message without the file's and the reason's names at its front, which stand beside it already.
export function ownWords(message: string, name: string, reason: string): string {
  let rest = message;
  for (const front of [`${name}: `, `${reason}: `]) if (front.length > 2 && rest.startsWith(front)) rest = rest.slice(front.length);
  return rest;
}

export function faultKey(kind: string): MessageKey | null {
  return Object.hasOwn(kFaults, kind) ? kFaults[kind]! : null;
}

export function reasonKey(reason: string): MessageKey | null {
  return Object.hasOwn(kReasons, reason) ? kReasons[reason]! : null;
}
