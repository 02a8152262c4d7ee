#include "query/scan.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "query/energy.h"

namespace pv::query {
namespace {

constexpr std::uint64_t kCellsWorthAThread = 200'000;  // some 0.3 ms of work against 0.05 ms for a thread

Result<std::vector<ScanLogger>> loggers_of(const Scope& scope) {
  std::unordered_map<std::int64_t, std::int64_t> steps;
  for (const model::LoggerSummary& logger : scope.campaign.loggers) steps.emplace(logger.id.value, logger.step_s);

  std::vector<ScanLogger> loggers;
  std::unordered_map<std::int64_t, std::size_t> places;
  for (std::size_t i = 0; i < scope.channels.size(); ++i) {
    const model::ChannelSummary& channel = scope.channels[i];
    const auto step = steps.find(channel.logger.value);
    if (step == steps.end()) {
      return fail(Errc::invalid_input,
                  fmt::format("channel {} belongs to no logger of campaign {}", channel.field, scope.campaign.name));
    }
    const auto [place, added] = places.emplace(channel.logger.value, loggers.size());
    if (added) {
      loggers.push_back({channel.logger, std::clamp<std::int64_t>(step->second, 0, kMaxStep), {}, {}, {}});
    }
    loggers[place->second].wanted.push_back(channel.id);
    loggers[place->second].channel.push_back(i);
  }
  return loggers;
}

Result<void> add_restarts(const Scope& scope, model::Period period, std::vector<ScanLogger>& loggers) {
  PV_TRY(const std::vector<model::LoggerEvent> events, scope.snapshot.events(scope.campaign.id, period));
  std::unordered_map<std::int64_t, ScanLogger*> by_id;
  for (ScanLogger& logger : loggers) by_id.emplace(logger.id.value, &logger);
  for (const model::LoggerEvent& event : events) {
    const auto logger = by_id.find(event.logger.value);
    if (logger == by_id.end() || event.event.kind != model::EventKind::restart) continue;
    logger->second->restarts_s.push_back(event.event.time_s);
  }
  for (ScanLogger& logger : loggers) std::sort(logger.restarts_s.begin(), logger.restarts_s.end());
  return {};
}

Result<void> add_blocks(const Scope& scope, model::Period period, std::size_t index, ScanPlan& plan) {
  const ScanLogger& logger = plan.loggers[index];
  PV_TRY(const std::vector<model::BlockRef> refs,
         scope.snapshot.blocks(logger.id, {period.from_s, period.to_s + kMaxStep}));
  std::optional<std::int64_t> before;
  bool first = true;
  for (const model::BlockRef& ref : refs) {
    const std::int64_t own_step = std::clamp<std::int64_t>(ref.step_s, 0, kMaxStep);
    const std::int64_t step = own_step > 0 ? own_step : logger.step_s;
    if (ref.first_s >= period.to_s && ref.first_s - step >= period.to_s) break;
    if (first) {
      PV_TRY(before, scope.snapshot.row_before(logger.id, ref.first_s));
      first = false;
    }
    plan.blocks.push_back({ref, index, before, step});
    plan.cells += static_cast<std::uint64_t>(ref.rows) * logger.wanted.size();
    if (ref.first_s >= period.to_s) break;
    before = ref.last_s;
  }
  return {};
}

}  // namespace

Result<ScanPlan> plan_scan(const Scope& scope, model::Period period) {
  ScanPlan plan;
  PV_TRY(plan.loggers, loggers_of(scope));
  if (plan.loggers.empty()) return plan;
  PV_TRY_VOID(add_restarts(scope, {period.from_s - kMaxStep, period.to_s + kMaxStep}, plan.loggers));
  for (std::size_t i = 0; i < plan.loggers.size(); ++i) PV_TRY_VOID(add_blocks(scope, period, i, plan));
  return plan;
}

Result<void> run_scan(const Scope& scope, const ScanPlan& plan, const VisitBlock& visit) {
  const std::uint64_t worth = 1 + plan.cells / kCellsWorthAThread;
  const std::uint64_t most = std::min<std::uint64_t>(std::max(scope.workers, 1U), plan.blocks.size());
  const auto workers = static_cast<unsigned>(std::min(worth, std::max<std::uint64_t>(most, 1)));

  struct Outcome {
    std::size_t block = 0;
    std::optional<Error> error;
    std::exception_ptr thrown;
  };
  std::vector<Outcome> outcomes(workers);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};

  const auto work = [&](unsigned worker) {
    Outcome& outcome = outcomes[worker];
    try {
      model::SampleBlock rows;
      while (!stop.load(std::memory_order_relaxed)) {
        const std::size_t block = next.fetch_add(1, std::memory_order_relaxed);
        if (block >= plan.blocks.size()) return;
        const ScanBlock& task = plan.blocks[block];
        if (auto read = scope.snapshot.read(worker, task.ref, plan.loggers[task.logger].wanted, rows); !read) {
          outcome.block = block;
          outcome.error = std::move(read).error();
          stop.store(true, std::memory_order_relaxed);
          return;
        }
        visit(block, rows);
      }
    } catch (...) {  // memory ran out: carried to the thread that asked
      outcome.thrown = std::current_exception();
      stop.store(true, std::memory_order_relaxed);
    }
  };

  {
    std::vector<std::jthread> threads;
    threads.reserve(workers - 1);
    try {
      for (unsigned worker = 1; worker < workers; ++worker) threads.emplace_back(work, worker);
    } catch (const std::system_error&) {  // the system gives no more threads: those there are read all blocks
    }
    work(0);
  }

  const Outcome* first = nullptr;
  for (const Outcome& outcome : outcomes) {
    if (outcome.thrown) std::rethrow_exception(outcome.thrown);
    if (outcome.error && (first == nullptr || outcome.block < first->block)) first = &outcome;
  }
  if (first != nullptr) return fail(*first->error);
  return {};
}

Result<void> check_edges(std::span<const std::int64_t> edges) {
  if (edges.size() < 2) return fail(Errc::invalid_input, "at least two edges are needed");
  for (std::size_t i = 1; i < edges.size(); ++i) {
    if (edges[i] <= edges[i - 1]) return fail(Errc::invalid_input, "edges must ascend");
  }
  return {};
}

}  // namespace pv::query
