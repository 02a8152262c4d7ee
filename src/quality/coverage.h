#pragma once
/// What a file adds to the record of its logger: rows new and known, and which silences it has, closes and leaves.
///
/// A logger is silent between two rows more than one and a half of its usual steps apart: from the row before to the begin
/// of the interval that the next row stands for (a row stands for the step before it, model/rhythm.h). Ask before the file
/// is stored: afterwards all of its rows are known.
///   Times are Unix seconds. Threads: values; around() reads the snapshot as worker 0.
///   Cost: decodes the time columns of the stored rows of the files' period and of one block on either side.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/names.h"
#include "model/sample_block.h"
#include "model/source.h"

namespace pv::quality {

/// The first periods of a list that may be long, and what all of them come to.
struct Periods {
  static constexpr std::size_t kMostKept = 50;
  std::vector<model::Period> first;
  std::uint64_t count = 0;
  std::int64_t seconds = 0;

  void add(model::Period period);
  bool operator==(const Periods&) const = default;
};

struct Coverage {
  std::uint64_t rows_new = 0;    // instants of the file that nothing was stored of
  std::uint64_t rows_known = 0;  // of which something was
  std::int64_t step_s = 0;       // the expected one; else the file's usual step, or the logger's when the file has a row only; 0 when unknown
  Periods inside;                // silences between the file's rows
  Periods left_inside;           // what of them the stored rows do not cover either
  Periods closed;                // what of the stored rows' silences this file covers
  std::optional<model::Period> before;  // silence left between the last stored row before the file and its first row
  std::optional<model::Period> after;   // silence left between its last row and the next stored row

  bool operator==(const Coverage&) const = default;
};

/// Instants of the rows of one logger in a file's tables, ascending, each once.
[[nodiscard]] std::vector<std::int64_t> row_stamps(std::span<const model::LoggerTable> tables, std::string_view logger_sn);

/// The rows stored of one logger around some files. Files are told one by one, in the order in which they are stored; what was
/// added counts as stored for those that follow.
class LoggerRecord {
 public:
  /// Of which nothing is stored.
  LoggerRecord() = default;
  /// `period` reaches over all rows of the files. A campaign or logger that is not stored yet has no rows. Errors: those of the snapshot.
  static Result<LoggerRecord> around(model::Period period, std::string_view logger_sn, model::SampleSnapshot& stored,
                                     const model::CampaignName& campaign);

  /// `stamps` as row_stamps() gives them. `expected_step_s`: what the logger is set to; none: what its rows show.
  [[nodiscard]] Coverage coverage_of(std::span<const std::int64_t> stamps, std::optional<std::int64_t> expected_step_s = {}) const;
  void add(std::span<const std::int64_t> stamps);

 private:
  std::vector<std::int64_t> rows_;  // of the period, the last one before it and the first one after; ascending
  std::int64_t step_s_ = 0;         // 0: unknown
};

}  // namespace pv::quality
