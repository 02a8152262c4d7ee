#include "query/raw_rows.h"

#include <algorithm>
#include <limits>

namespace pv::query {
namespace {

struct RowRange {
  std::size_t begin;
  std::size_t end;
};

RowRange rows_within(const std::vector<std::int64_t>& times_s, model::Period period) {
  const auto begin = std::lower_bound(times_s.begin(), times_s.end(), period.from_s);
  const auto end = std::lower_bound(begin, times_s.end(), period.to_s);
  return {static_cast<std::size_t>(begin - times_s.begin()), static_cast<std::size_t>(end - times_s.begin())};
}

bool lies_within(const model::BlockRef& ref, model::Period period) {
  return ref.first_s >= period.from_s && ref.last_s < period.to_s;
}

void keep_distinct(std::vector<std::int64_t>& stamps) {
  std::sort(stamps.begin(), stamps.end());
  stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
}

}  // namespace

Result<bool> rows_are_few(const Scope& scope, const ScanPlan& plan, model::Period period, std::size_t limit) {
  std::vector<std::uint64_t> certain(plan.loggers.size(), 0);
  for (const ScanBlock& block : plan.blocks) {
    if (!lies_within(block.ref, period)) continue;
    certain[block.logger] += block.ref.rows;
    if (certain[block.logger] > limit) return false;
  }
  std::vector<std::int64_t> stamps;
  model::SampleBlock rows;
  for (const ScanBlock& block : plan.blocks) {
    if (block.ref.first_s >= period.to_s) continue;
    PV_TRY_VOID(scope.snapshot.read(0, block.ref, {}, rows));
    const RowRange range = rows_within(rows.time_s, period);
    stamps.insert(stamps.end(), rows.time_s.begin() + static_cast<std::ptrdiff_t>(range.begin),
                  rows.time_s.begin() + static_cast<std::ptrdiff_t>(range.end));
    if (stamps.size() <= 4 * limit) continue;
    // Loggers often share their stamps: what they have in common is dropped before memory is spent on it.
    keep_distinct(stamps);
    if (stamps.size() > limit) return false;
  }
  keep_distinct(stamps);
  return stamps.size() <= limit;
}

RawRows::RawRows(const ScanPlan& plan, model::Period period) : plan_(plan), period_(period), loggers_(plan.loggers.size()) {
  for (std::size_t i = 0; i < loggers_.size(); ++i) loggers_[i].values.resize(plan.loggers[i].wanted.size());
}

void RawRows::add(std::size_t index, const model::SampleBlock& rows) {
  LoggerRows& logger = loggers_[plan_.blocks[index].logger];
  const RowRange range = rows_within(rows.time_s, period_);
  for (std::size_t row = range.begin; row < range.end; ++row) {
    logger.times_s.push_back(rows.time_s[row]);
    for (std::size_t i = 0; i < logger.values.size(); ++i) logger.values[i].push_back(rows.columns[i].value(row));
  }
}

RawRows::Table RawRows::merge(std::size_t channels) && {
  Table table;
  for (const LoggerRows& logger : loggers_) {
    table.times_s.insert(table.times_s.end(), logger.times_s.begin(), logger.times_s.end());
  }
  keep_distinct(table.times_s);
  table.values.assign(channels,
                      std::vector<double>(table.times_s.size(), std::numeric_limits<double>::quiet_NaN()));
  for (std::size_t l = 0; l < loggers_.size(); ++l) {
    std::size_t place = 0;
    for (std::size_t row = 0; row < loggers_[l].times_s.size(); ++row) {
      while (table.times_s[place] < loggers_[l].times_s[row]) ++place;
      for (std::size_t i = 0; i < loggers_[l].values.size(); ++i) {
        table.values[plan_.loggers[l].channel[i]][place] = loggers_[l].values[i][row];
      }
    }
  }
  return table;
}

}  // namespace pv::query
