#include "quality/coverage.h"

#include <algorithm>

#include "model/rhythm.h"
#include "quality/stored_rows.h"

namespace pv::quality {
namespace {

using model::Period;

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

Result<LoggerRecord> LoggerRecord::around(Period period, std::string_view logger_sn, model::SampleSnapshot& stored,
                                          const model::CampaignName& campaign) {
  LoggerRecord record;
  PV_TRY(const std::optional<model::LoggerOfCampaign> found, stored.logger(campaign, logger_sn));
  if (!found) return record;
  const model::LoggerSummary& logger = found->logger;
  record.step_s_ = logger.step_s;
  PV_TRY(const std::optional<std::int64_t> before_s, stored.row_before(logger.id, period.from_s));
  PV_TRY(const std::vector<std::int64_t> within, stored_stamps(stored, logger.id, period));
  PV_TRY(const std::optional<std::int64_t> after_s, row_after(stored, logger, period.to_s - 1));
  if (before_s) record.rows_.push_back(*before_s);
  record.rows_.insert(record.rows_.end(), within.begin(), within.end());
  if (after_s) record.rows_.push_back(*after_s);
  return record;
}

Coverage LoggerRecord::coverage_of(std::span<const std::int64_t> stamps, std::optional<std::int64_t> expected_step_s) const {
  Coverage coverage;
  if (stamps.empty()) return coverage;
  coverage.step_s = expected_step_s.value_or(model::usual_step(stamps));
  if (coverage.step_s == 0) coverage.step_s = step_s_;
  const std::int64_t stored_step_s = expected_step_s.value_or(step_s_ > 0 ? step_s_ : coverage.step_s);

  const auto first = std::lower_bound(rows_.begin(), rows_.end(), stamps.front());
  const auto behind = std::upper_bound(first, rows_.end(), stamps.back());
  for (auto known = first; const std::int64_t stamp : stamps) {
    known = std::lower_bound(known, behind, stamp);
    if (known != behind && *known == stamp) ++coverage.rows_known;
  }
  coverage.rows_new = stamps.size() - coverage.rows_known;

  // With the row before and the one after, whose distance the file may have filled.
  const std::span<const std::int64_t> around(first == rows_.begin() ? first : std::prev(first), behind == rows_.end() ? behind : std::next(behind));
  const std::vector<Period> inside = silences(stamps, coverage.step_s);
  coverage.inside = listed(inside);
  coverage.left_inside = listed(without(inside, covered(around, stored_step_s)));
  coverage.closed = listed(common(silences(around, stored_step_s), covered(stamps, coverage.step_s)));

  const std::int64_t step_s = std::max(coverage.step_s, stored_step_s);
  if (first != rows_.begin() && are_apart(*std::prev(first), stamps.front(), step_s)) {
    coverage.before = Period{*std::prev(first), stamps.front() - coverage.step_s};
  }
  if (behind != rows_.end() && are_apart(stamps.back(), *behind, step_s)) coverage.after = Period{stamps.back(), *behind - stored_step_s};
  return coverage;
}

void LoggerRecord::add(std::span<const std::int64_t> stamps) {
  if (stamps.empty()) return;
  if (step_s_ == 0) step_s_ = model::usual_step(stamps);
  const auto from = std::lower_bound(rows_.begin(), rows_.end(), stamps.front()) - rows_.begin();
  const std::size_t known = rows_.size();
  rows_.insert(rows_.end(), stamps.begin(), stamps.end());
  if (from == static_cast<std::ptrdiff_t>(known)) return;
  std::inplace_merge(rows_.begin() + from, rows_.begin() + static_cast<std::ptrdiff_t>(known), rows_.end());
  rows_.erase(std::unique(rows_.begin() + from, rows_.end()), rows_.end());
}

}  // namespace pv::quality
