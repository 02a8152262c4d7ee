#include "query/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "query/buckets.h"
#include "query/cells.h"
#include "query/intervals.h"
#include "query/raw_rows.h"
#include "query/scan.h"

namespace pv::query {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// What one block contributes beyond the buckets that are its own.
struct BlockPart {
  BlockCells<FigureCell> outer;
  std::vector<EnergyCell> energy;  // one a wanted channel, over the whole period
  std::int64_t row_seconds = 0;
};

/// The rows of a block inside the period, cut where the buckets begin.
struct Cut {
  std::size_t first = 0;              // bucket of the first row
  std::vector<std::uint32_t> starts;  // row at which each bucket begins, and the end; empty when there is no row
};

Cut cut_rows(std::span<const std::int64_t> times_s, std::span<const std::int64_t> edges) {
  const auto begin = std::lower_bound(times_s.begin(), times_s.end(), edges.front());
  const auto end = std::lower_bound(begin, times_s.end(), edges.back());
  Cut cut;
  if (begin == end) return cut;
  auto edge = std::upper_bound(edges.begin(), edges.end(), *begin);  // end of the first bucket
  cut.first = static_cast<std::size_t>(edge - edges.begin()) - 1;
  cut.starts.push_back(static_cast<std::uint32_t>(begin - times_s.begin()));
  for (auto row = begin; *edge <= *(end - 1); ++edge) {
    row = std::lower_bound(row, end, *edge);
    cut.starts.push_back(static_cast<std::uint32_t>(row - times_s.begin()));
  }
  cut.starts.push_back(static_cast<std::uint32_t>(end - times_s.begin()));
  return cut;
}

/// Adds up all blocks of a plan between given edges.
class Resampling {
 public:
  Resampling(const Scope& scope, const ScanPlan& plan, std::span<const std::int64_t> edges)
      : scope_(scope),
        plan_(plan),
        edges_(edges),
        buckets_(edges.size() - 1),
        cells_(scope.channels.size() * buckets_),
        parts_(plan.blocks.size()) {}

  /// Different blocks may be added at once.
  void add(std::size_t index, const model::SampleBlock& rows) {
    const ScanBlock& block = plan_.blocks[index];
    const ScanLogger& logger = plan_.loggers[block.logger];
    PV_CHECK(rows.columns.size() == logger.wanted.size());
    BlockPart& part = parts_[index];

    const Cut cut = cut_rows(rows.time_s, edges_);
    const std::array<std::int64_t, 2> whole = {edges_.front(), edges_.back()};
    const std::vector<std::int32_t> lengths = block_intervals(block, logger.restarts_s, rows.time_s);
    const std::vector<BucketShare> shares = share_out(rows.time_s, lengths, whole);
    for (const BucketShare& share : shares) part.row_seconds += share.seconds();

    part.energy.resize(logger.wanted.size());
    if (!cut.starts.empty()) {
      part.outer = {cut.first, cut.first + cut.starts.size() - 2, logger.wanted.size()};
    }
    std::vector<FigureCell> figures;
    for (std::size_t i = 0; i < logger.wanted.size(); ++i) {
      const model::Column& column = rows.columns[i];
      for (const BucketShare& share : shares) part.energy[i].add(energy_of(column, lengths, share));
      if (cut.starts.empty()) continue;
      figures_of(column, cut.starts, figures);
      FigureCell* answer = cells_.data() + logger.channel[i] * buckets_;
      for (std::size_t k = 0; k < figures.size(); ++k) part.outer.at(i, cut.first + k, answer).add(figures[k]);
    }
  }

  /// To be called once, after all blocks.
  Curves finish() {
    std::vector<EnergyCell> energy(scope_.channels.size());
    std::vector<std::int64_t> row_seconds(plan_.loggers.size(), 0);
    for (std::size_t index = 0; index < parts_.size(); ++index) {
      const ScanLogger& logger = plan_.loggers[plan_.blocks[index].logger];
      row_seconds[plan_.blocks[index].logger] += parts_[index].row_seconds;
      for (std::size_t i = 0; i < logger.wanted.size(); ++i) {
        energy[logger.channel[i]].add(parts_[index].energy[i]);
        parts_[index].outer.finish(i, cells_.data() + logger.channel[i] * buckets_);
      }
    }
    Curves curves;
    curves.period = {edges_.front(), edges_.back()};
    curves.times_s.assign(edges_.begin(), edges_.end() - 1);
    const auto asked = static_cast<double>(edges_.back() - edges_.front());
    for (std::size_t c = 0; c < scope_.channels.size(); ++c) add_channel(c, energy[c], asked, curves);
    for (const std::int64_t seconds : row_seconds) curves.coverage += static_cast<double>(seconds) / asked;
    if (!row_seconds.empty()) curves.coverage /= static_cast<double>(row_seconds.size());
    return curves;
  }

 private:
  void add_channel(std::size_t c, const EnergyCell& energy, double asked, Curves& curves) const {
    Curve curve;
    curve.min.resize(buckets_);
    curve.max.resize(buckets_);
    curve.mean.resize(buckets_);
    FigureCell total;
    for (std::size_t b = 0; b < buckets_; ++b) {
      const FigureCell& cell = cells_[c * buckets_ + b];
      curve.min[b] = cell.count > 0 ? cell.min : kNaN;
      curve.max[b] = cell.count > 0 ? cell.max : kNaN;
      curve.mean[b] = cell.mean();
      total.add(cell);
    }
    Figures figures;
    figures.count = total.count;
    figures.min = total.count > 0 ? total.min : kNaN;
    figures.max = total.count > 0 ? total.max : kNaN;
    figures.mean = total.mean();
    figures.coverage = static_cast<double>(energy.covered_s) / asked;
    if (const double watts = model::watts_per_unit(scope_.channels[c].channel.unit); watts != 0 && energy.covered_s > 0) {
      figures.energy_wh = energy.watt_hours(watts);
    }
    curves.curves.push_back(std::move(curve));
    curves.summary.push_back(figures);
  }

  const Scope& scope_;
  const ScanPlan& plan_;
  std::span<const std::int64_t> edges_;
  std::size_t buckets_;
  std::vector<FigureCell> cells_;  // [channel][bucket]
  std::vector<BlockPart> parts_;   // one a block
};

Result<Curves> resample_plan(const Scope& scope, const ScanPlan& plan, std::span<const std::int64_t> edges) {
  Resampling resampling(scope, plan, edges);
  PV_TRY_VOID(run_scan(scope, plan,
                       [&](std::size_t index, const model::SampleBlock& rows) { resampling.add(index, rows); }));
  return resampling.finish();
}

Result<Curves> resample_raw(const Scope& scope, const ScanPlan& plan, model::Period period) {
  const Scope alone{scope.snapshot, scope.campaign, scope.channels, 1};
  const std::array<std::int64_t, 2> whole = {period.from_s, period.to_s};
  Resampling resampling(alone, plan, whole);
  RawRows raw(plan, period);
  PV_TRY_VOID(run_scan(alone, plan, [&](std::size_t index, const model::SampleBlock& rows) {
    resampling.add(index, rows);
    raw.add(index, rows);
  }));
  Curves curves = resampling.finish();
  curves.mode = CurveMode::raw;
  RawRows::Table table = std::move(raw).merge(scope.channels.size());
  curves.times_s = std::move(table.times_s);
  for (std::size_t c = 0; c < curves.curves.size(); ++c) curves.curves[c] = {{}, {}, std::move(table.values[c])};
  return curves;
}

}  // namespace

Result<Curves> resample_edges(const Scope& scope, std::span<const std::int64_t> edges) {
  PV_TRY_VOID(check_edges(edges));
  PV_TRY(const ScanPlan plan, plan_scan(scope, {edges.front(), edges.back()}));
  return resample_plan(scope, plan, edges);
}

Result<Curves> resample(const Scope& scope, model::Period period, const model::Zone& zone,
                        const ResampleOptions& options) {
  NiceEdges nice;
  if (options.step_s > 0) {
    nice.step_s = options.step_s;
    PV_TRY(nice.edges, step_edges(period, zone, options.step_s));
  } else {
    PV_TRY(nice, nice_edges(period, zone, options.points));
  }
  PV_TRY(const ScanPlan plan, plan_scan(scope, period));
  if (options.step_s == 0) {
    PV_TRY(const bool few, rows_are_few(scope, plan, period, options.points));
    if (few) return resample_raw(scope, plan, period);
  }
  PV_TRY(Curves curves, resample_plan(scope, plan, nice.edges));
  curves.step_s = nice.step_s;
  return curves;
}

std::vector<double> sum_of_means_w(const Curves& curves, std::span<const model::ChannelSummary> channels) {
  std::vector<double> sum(curves.times_s.size(), kNaN);
  for (std::size_t c = 0; c < channels.size() && c < curves.curves.size(); ++c) {
    const double watts = model::watts_per_unit(channels[c].channel.unit);
    if (watts == 0) continue;
    const std::vector<double>& mean = curves.curves[c].mean;
    for (std::size_t b = 0; b < sum.size(); ++b) {
      if (std::isnan(mean[b])) continue;
      sum[b] = (std::isnan(sum[b]) ? 0 : sum[b]) + mean[b] * watts;
    }
  }
  return sum;
}

}  // namespace pv::query
