#include "tsv/report.h"

namespace pv::tsv {

const Warning* ReadReport::warning(WarningKind kind) const noexcept {
  for (const Warning& warning : warnings) {
    if (warning.kind == kind) return &warning;
  }
  return nullptr;
}

std::string_view to_string(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::invalid_timestamp: return "invalid_timestamp";
    case FaultKind::invalid_value: return "invalid_value";
    case FaultKind::missing_cells: return "missing_cells";
    case FaultKind::too_many_fields: return "too_many_fields";
    case FaultKind::row_too_long: return "row_too_long";
    case FaultKind::truncated_tail: return "truncated_tail";
    case FaultKind::row_without_header: return "row_without_header";
    case FaultKind::unusable_header: return "unusable_header";
    case FaultKind::time_in_future: return "time_in_future";
    case FaultKind::too_sparse: return "too_sparse";
  }
  return "";
}

std::string_view to_string(WarningKind kind) noexcept {
  switch (kind) {
    case WarningKind::no_rows: return "no_rows";
    case WarningKind::truncated_tail: return "truncated_tail";
    case WarningKind::end_data_missing: return "end_data_missing";
    case WarningKind::ambiguous_begin: return "ambiguous_begin";
    case WarningKind::repeated_hour_read_as_utc: return "repeated_hour_read_as_utc";
    case WarningKind::missing_hour_read_as_utc: return "missing_hour_read_as_utc";
    case WarningKind::nonexistent_local_time: return "nonexistent_local_time";
    case WarningKind::clock_unset: return "clock_unset";
    case WarningKind::clock_undecided: return "clock_undecided";
    case WarningKind::restart_undecided: return "restart_undecided";
    case WarningKind::header_again: return "header_again";
    case WarningKind::too_many_headers: return "too_many_headers";
  }
  return "";
}

std::string_view to_string(RejectReason reason) noexcept {
  switch (reason) {
    case RejectReason::empty_file: return "empty_file";
    case RejectReason::not_text: return "not_text";
    case RejectReason::no_header: return "no_header";
    case RejectReason::incomplete_header: return "incomplete_header";
    case RejectReason::bad_header_block: return "bad_header_block";
    case RejectReason::unknown_file_zone: return "unknown_file_zone";
    case RejectReason::unsupported_format: return "unsupported_format";
    case RejectReason::header_mismatch: return "header_mismatch";
    case RejectReason::bad_serial: return "bad_serial";
    case RejectReason::duplicate_channel: return "duplicate_channel";
    case RejectReason::too_many_columns: return "too_many_columns";
    case RejectReason::line_too_long: return "line_too_long";
  }
  return "";
}

std::string_view to_string(Layout layout) noexcept { return layout == Layout::bare ? "bare" : "wrapped"; }

std::string_view to_string(MasterType type) noexcept {
  switch (type) {
    case MasterType::unknown: return "unknown";
    case MasterType::mono: return "mono";
    case MasterType::tri: return "tri";
  }
  return "";
}

}  // namespace pv::tsv
