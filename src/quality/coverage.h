#pragma once
/// What a file adds to the record of its logger: rows new and known, and which silences it has, closes and leaves.
///
/// A logger is silent between two rows more than one and a half of its usual steps apart: from the row before to the begin
/// of the interval that the next row stands for (a row stands for the step before it, model/rhythm.h). Ask before the file
/// is stored: afterwards all of its rows are known.
///   Times are Unix seconds. Threads: reads the snapshot as worker 0. Errors: those of the snapshot.
///   Cost: decodes the time column of the stored rows of the file's period and of one block behind it.

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
  std::int64_t step_s = 0;       // the file's usual step; the logger's when the file has a row only; 0 when unknown
  Periods inside;                // silences between the file's rows
  Periods left_inside;           // what of them the stored rows do not cover either
  Periods closed;                // what of the stored rows' silences this file covers
  std::optional<model::Period> before;  // silence left between the last stored row before the file and its first row
  std::optional<model::Period> after;   // silence left between its last row and the next stored row

  bool operator==(const Coverage&) const = default;
};

/// Instants of the rows of one logger in a file's tables, ascending, each once.
[[nodiscard]] std::vector<std::int64_t> row_stamps(std::span<const model::LoggerTable> tables, std::string_view logger_sn);

/// `stamps` of one logger as row_stamps() gives them. A campaign or logger that is not stored yet: all rows are new.
[[nodiscard]] Result<Coverage> coverage_of(std::span<const std::int64_t> stamps, std::string_view logger_sn, model::SampleSnapshot& stored,
                                           const model::CampaignName& campaign);

}  // namespace pv::quality
