#pragma once
/// Counts what the intake has done since the program started.
///   Threads: safe.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "ingest/ledger.h"
#include "ingest/run_report.h"

namespace pv::ingest {

class IntakeMetrics {
 public:
  void add(const RunReport& report);
  /// Appends the figures, and what the ledger says, in the text format of Prometheus.
  void write(Ledger& ledger, std::string& out) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> files_by_fate_;
  std::map<std::string, std::uint64_t> faults_;  // by kind
  StageSeconds seconds_;
  std::uint64_t batches_ = 0, rows_ = 0, samples_ = 0, samples_new_ = 0, problems_ = 0;
};

/// A label's value with what would end it escaped.
[[nodiscard]] std::string label_value(std::string_view text);

}  // namespace pv::ingest
