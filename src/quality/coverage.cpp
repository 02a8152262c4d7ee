#include "quality/coverage.h"

#include <algorithm>

#include "model/rhythm.h"
#include "quality/stored_logger.h"

namespace pv::quality {
namespace {

using model::Period;

/// Stored rows around a file: those of its period, the last one before and the first one after.
struct Around {
  std::optional<std::int64_t> before_s;
  std::vector<std::int64_t> within;
  std::optional<std::int64_t> after_s;
  std::int64_t step_s = 0;

  /// All of them, ascending.
  [[nodiscard]] std::vector<std::int64_t> rows() const {
    std::vector<std::int64_t> all;
    if (before_s) all.push_back(*before_s);
    all.insert(all.end(), within.begin(), within.end());
    if (after_s) all.push_back(*after_s);
    return all;
  }
};

bool are_apart(std::int64_t earlier_s, std::int64_t later_s, std::int64_t step_s) {
  return step_s > 0 && later_s - earlier_s > step_s + step_s / 2;
}

std::vector<Period> silences(std::span<const std::int64_t> rows, std::int64_t step_s) {
  std::vector<Period> found;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (are_apart(rows[i - 1], rows[i], step_s)) found.push_back({rows[i - 1], rows[i] - step_s});
  }
  return found;
}

/// The time that rows stand for, without the silences between them.
std::vector<Period> covered(std::span<const std::int64_t> rows, std::int64_t step_s) {
  std::vector<Period> runs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && !are_apart(rows[i - 1], rows[i], step_s)) {
      runs.back().to_s = rows[i];
    } else {
      runs.push_back({rows[i] - step_s, rows[i]});
    }
  }
  return runs;
}

/// Both lists ascend and do not overlap themselves.
std::vector<Period> common(std::span<const Period> left, std::span<const Period> right) {
  std::vector<Period> both;
  for (std::size_t l = 0, r = 0; l < left.size() && r < right.size();) {
    const Period part{std::max(left[l].from_s, right[r].from_s), std::min(left[l].to_s, right[r].to_s)};
    if (!part.empty()) both.push_back(part);
    if (left[l].to_s < right[r].to_s) {
      ++l;
    } else {
      ++r;
    }
  }
  return both;
}

std::vector<Period> without(std::span<const Period> whole, std::span<const Period> parts) {
  std::vector<Period> left;
  std::size_t p = 0;
  for (Period period : whole) {
    while (p < parts.size() && parts[p].to_s <= period.from_s) ++p;
    for (std::size_t i = p; i < parts.size() && parts[i].from_s < period.to_s; ++i) {
      if (parts[i].from_s > period.from_s) left.push_back({period.from_s, parts[i].from_s});
      period.from_s = std::max(period.from_s, parts[i].to_s);
    }
    if (!period.empty()) left.push_back(period);
  }
  return left;
}

Periods listed(std::span<const Period> periods) {
  Periods list;
  for (const Period& period : periods) list.add(period);
  return list;
}

Result<std::optional<std::int64_t>> row_after(model::SampleSnapshot& stored, const model::LoggerSummary& logger, std::int64_t time_s) {
  if (!logger.period || logger.period->to_s <= time_s + 1) return std::optional<std::int64_t>();
  PV_TRY(const std::vector<model::BlockRef> blocks, stored.blocks(logger.id, {time_s + 1, logger.period->to_s}));
  model::SampleBlock rows;
  for (const model::BlockRef& block : blocks) {
    if (block.last_s <= time_s) continue;
    if (block.first_s > time_s) return std::optional<std::int64_t>(block.first_s);
    PV_TRY_VOID(stored.read(0, block, {}, rows));
    const auto next = std::upper_bound(rows.time_s.begin(), rows.time_s.end(), time_s);
    if (next != rows.time_s.end()) return std::optional<std::int64_t>(*next);
  }
  return std::optional<std::int64_t>();
}

Result<Around> rows_around(model::SampleSnapshot& stored, const model::LoggerSummary& logger, Period period) {
  Around around;
  around.step_s = logger.step_s;
  PV_TRY(around.before_s, stored.row_before(logger.id, period.from_s));
  PV_TRY(around.within, stored_stamps(stored, logger.id, period));
  PV_TRY(around.after_s, row_after(stored, logger, period.to_s - 1));
  return around;
}

void compare(std::span<const std::int64_t> stamps, const Around& around, Coverage& coverage) {
  for (auto known = around.within.begin(); const std::int64_t stamp : stamps) {
    known = std::lower_bound(known, around.within.end(), stamp);
    if (known != around.within.end() && *known == stamp) ++coverage.rows_known;
  }
  coverage.rows_new = stamps.size() - coverage.rows_known;

  const std::int64_t stored_step_s = around.step_s > 0 ? around.step_s : coverage.step_s;
  const std::vector<std::int64_t> rows = around.rows();
  coverage.left_inside = listed(without(silences(stamps, coverage.step_s), covered(rows, stored_step_s)));
  coverage.closed = listed(common(silences(rows, stored_step_s), covered(stamps, coverage.step_s)));

  const std::int64_t step_s = std::max(coverage.step_s, stored_step_s);
  if (around.before_s && are_apart(*around.before_s, stamps.front(), step_s)) {
    coverage.before = Period{*around.before_s, stamps.front() - coverage.step_s};
  }
  if (around.after_s && are_apart(stamps.back(), *around.after_s, step_s)) {
    coverage.after = Period{stamps.back(), *around.after_s - stored_step_s};
  }
}

}  // namespace

void Periods::add(Period period) {
  ++count;
  seconds += period.to_s - period.from_s;
  if (first.size() < kMostKept) first.push_back(period);
}

std::vector<std::int64_t> row_stamps(std::span<const model::LoggerTable> tables, std::string_view logger_sn) {
  std::vector<std::int64_t> stamps;
  for (const model::LoggerTable& table : tables) {
    if (table.channels.empty() || table.channels.front().master_sn != logger_sn) continue;
    stamps.insert(stamps.end(), table.rows.time_s.begin(), table.rows.time_s.end());
  }
  if (!std::is_sorted(stamps.begin(), stamps.end())) std::sort(stamps.begin(), stamps.end());
  stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
  return stamps;
}

Result<Coverage> coverage_of(std::span<const std::int64_t> stamps, std::string_view logger_sn, model::SampleSnapshot& stored,
                             const model::CampaignName& campaign) {
  Coverage coverage;
  if (stamps.empty()) return coverage;
  PV_TRY(const std::optional<StoredLogger> logger, find_logger(stored, campaign, logger_sn));
  coverage.step_s = model::usual_step(stamps);
  if (coverage.step_s == 0 && logger) coverage.step_s = logger->logger.step_s;
  coverage.inside = listed(silences(stamps, coverage.step_s));
  if (!logger) {
    coverage.rows_new = stamps.size();
    coverage.left_inside = coverage.inside;
    return coverage;
  }
  PV_TRY(const Around around, rows_around(stored, logger->logger, {stamps.front(), stamps.back() + 1}));
  compare(stamps, around, coverage);
  return coverage;
}

}  // namespace pv::quality
