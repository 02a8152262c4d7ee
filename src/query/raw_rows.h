#pragma once
/// The rows themselves, where they are few: stamps of all loggers merged, each channel's value or NaN beside them.
/// Inside the query room only.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "query/scan.h"

namespace pv::query {

/// Whether the loggers together have at most `limit` different stamps in the period.
/// Cost: decodes time columns only where whole blocks do not settle it.
[[nodiscard]] Result<bool> rows_are_few(const Scope& scope, const ScanPlan& plan, model::Period period, std::size_t limit);

class RawRows {
 public:
  struct Table {
    std::vector<std::int64_t> times_s;
    std::vector<std::vector<double>> values;  // one a channel of the scope, as long as times_s
  };

  RawRows(const ScanPlan& plan, model::Period period);  // borrows the plan
  /// Blocks in the order of the plan.
  void add(std::size_t index, const model::SampleBlock& rows);
  [[nodiscard]] Table merge(std::size_t channels) &&;

 private:
  struct LoggerRows {
    std::vector<std::int64_t> times_s;
    std::vector<std::vector<double>> values;  // one a wanted channel
  };
  const ScanPlan& plan_;
  model::Period period_;
  std::vector<LoggerRows> loggers_;
};

}  // namespace pv::query
