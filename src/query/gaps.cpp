#include "query/gaps.h"

#include <algorithm>
#include <unordered_map>

#include "query/energy.h"
#include "query/intervals.h"
#include "query/scan.h"

namespace pv::query {
namespace {

/// Collects the gaps of one logger between rows that are handed over in order.
class GapFinder {
 public:
  GapFinder(model::LoggerId logger, model::Period period, std::size_t limit)
      : logger_(logger), period_(period), limit_(limit) {}

  void add(std::int64_t before_s, std::int64_t row_s, std::int64_t length_s, std::int64_t step_s) {
    if (step_s == 0 || 2 * (row_s - before_s) <= 3 * step_s) return;
    const model::Period gap{std::max(before_s, period_.from_s), std::min(row_s - length_s, period_.to_s)};
    if (gap.empty()) return;
    if (gaps_.size() > limit_) return;  // one more than the limit tells that there are more
    gaps_.push_back({logger_, gap});
  }
  std::vector<Gap> take() && { return std::move(gaps_); }

 private:
  model::LoggerId logger_;
  model::Period period_;
  std::size_t limit_;
  std::vector<Gap> gaps_;
};

/// Blocks that touch the period, and the first one after it however far away: a gap may reach there.
Result<std::vector<model::BlockRef>> blocks_to_next(model::SampleSnapshot& snapshot, const model::LoggerSummary& logger,
                                                    model::Period period) {
  PV_TRY(std::vector<model::BlockRef> refs, snapshot.blocks(logger.id, period));
  const bool reaches_end = !refs.empty() && refs.back().last_s >= period.to_s;
  if (reaches_end || !logger.period || logger.period->to_s <= period.to_s) return refs;
  PV_TRY(const std::vector<model::BlockRef> later, snapshot.blocks(logger.id, {period.to_s, logger.period->to_s}));
  for (const model::BlockRef& ref : later) {
    if (ref.first_s < period.to_s) continue;  // already there
    refs.push_back(ref);
    break;
  }
  return refs;
}

Result<std::vector<Gap>> gaps_of_logger(model::SampleSnapshot& snapshot, const model::LoggerSummary& logger,
                                        std::span<const std::int64_t> restarts_s, model::Period period,
                                        std::optional<std::int64_t> expected_step_s, std::size_t limit) {
  GapFinder finder(logger.id, period, limit);
  PV_TRY(const std::vector<model::BlockRef> refs, blocks_to_next(snapshot, logger, period));
  std::optional<std::int64_t> before;
  if (!refs.empty()) {
    PV_TRY(before, snapshot.row_before(logger.id, refs.front().first_s));
  }
  model::SampleBlock rows;
  for (const model::BlockRef& ref : refs) {
    const std::int64_t step = std::clamp<std::int64_t>(expected_step_s.value_or(ref.step_s > 0 ? ref.step_s : logger.step_s), 0, kMaxStep);
    PV_TRY_VOID(snapshot.read(0, ref, {}, rows));
    const std::vector<std::int32_t> lengths = block_intervals({ref, 0, before, step}, restarts_s, rows.time_s);
    for (std::size_t row = 0; row < rows.time_s.size(); ++row) {
      if (before) finder.add(*before, rows.time_s[row], lengths[row], step);
      before = rows.time_s[row];
      if (*before >= period.to_s) break;
    }
  }
  return std::move(finder).take();
}

/// Stable, so that loggers keep their order among gaps that begin at once.
void keep_first(Gaps& gaps, std::size_t limit) {
  std::stable_sort(gaps.gaps.begin(), gaps.gaps.end(),
                   [](const Gap& a, const Gap& b) { return a.period.from_s < b.period.from_s; });
  if (gaps.gaps.size() <= limit) return;
  gaps.truncated = true;
  gaps.gaps.resize(limit);
}

}  // namespace

Result<Gaps> find_gaps(model::SampleSnapshot& snapshot, const model::CampaignSummary& campaign,
                       std::span<const model::LoggerSummary> loggers, model::Period period,
                       const model::ExpectedSteps& expected, std::size_t limit) {
  Gaps answer;
  if (period.empty()) return answer;
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> restarts;
  PV_TRY(const std::vector<model::LoggerEvent> events,
         snapshot.events(campaign.id, {period.from_s - kMaxStep, period.to_s + kMaxStep}));
  for (const model::LoggerEvent& event : events) restarts[event.logger.value].push_back(event.event.time_s);

  for (const model::LoggerSummary& logger : loggers) {
    std::vector<std::int64_t>& own = restarts[logger.id.value];
    std::sort(own.begin(), own.end());
    PV_TRY(const std::vector<Gap> gaps, gaps_of_logger(snapshot, logger, own, period, expected.of(logger.sn), limit));
    answer.gaps.insert(answer.gaps.end(), gaps.begin(), gaps.end());
    if (answer.gaps.size() > 2 * limit) keep_first(answer, limit);
  }
  keep_first(answer, limit);
  return answer;
}

}  // namespace pv::query
