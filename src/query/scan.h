#pragma once
/// One pass over the blocks that a question touches: which blocks, whose channels, what bounds their first interval, and
/// the threads that read them. Inside the query room only.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "query/scope.h"

namespace pv::query {

/// A logger of the scope and those of its channels that are wanted.
struct ScanLogger {
  model::LoggerId id;
  std::int64_t step_s = 0;                  // for blocks that know none; at most kMaxStep
  std::vector<model::ChannelId> wanted;     // columns of the blocks read
  std::vector<std::size_t> channel;         // their places in the scope
  std::vector<std::int64_t> restarts_s;     // ascending; those that can bound an interval of the period
};

struct ScanBlock {
  model::BlockRef ref;
  std::size_t logger = 0;                // index into ScanPlan::loggers
  std::optional<std::int64_t> before_s;  // stamp of the logger's row before this block
  std::int64_t step_s = 0;               // 0..kMaxStep; 0: intervals are unknown
};

struct ScanPlan {
  std::vector<ScanLogger> loggers;  // in the order in which the scope's channels name them
  std::vector<ScanBlock> blocks;    // by logger, then by time
  std::uint64_t cells = 0;          // rows x channels, for choosing the number of threads
};

/// The blocks with rows in the period, and the one after its end whose first interval may begin inside.
/// Errors: those of the snapshot; invalid_input when a channel's logger is not of the campaign.
[[nodiscard]] Result<ScanPlan> plan_scan(const Scope& scope, model::Period period);

/// Reads every block once and calls `visit(index of the block, its rows)`, on several threads when that pays: calls for
/// different blocks may overlap, in any order. The first error in the order of the blocks is returned.
using VisitBlock = std::function<void(std::size_t, const model::SampleBlock&)>;
[[nodiscard]] Result<void> run_scan(const Scope& scope, const ScanPlan& plan, const VisitBlock& visit);

/// Strictly ascending and at least two; invalid_input otherwise.
[[nodiscard]] Result<void> check_edges(std::span<const std::int64_t> edges);

}  // namespace pv::query
