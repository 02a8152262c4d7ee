#include "query/export.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "query/scan.h"

namespace pv::query {
namespace {

constexpr std::size_t kWindowCells = 1'000'000;  // 8 MB of doubles
constexpr std::size_t kPieceBytes = 65'536;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// One logger's rows inside a window.
struct WindowRows {
  std::vector<std::int64_t> times_s;
  std::vector<double> values;  // row by row
  std::size_t next = 0;
};

class Exporter {
 public:
  Exporter(const Scope& scope, const ScanPlan& plan, RowWriter writer, const TextSink& sink)
      : scope_(scope), plan_(plan), writer_(std::move(writer)), sink_(sink), loggers_(plan.loggers.size()) {}

  Result<void> run(model::Period period) {
    writer_.append_heading(text_);
    std::int64_t length = period.to_s - period.from_s;
    for (std::int64_t from = period.from_s; from < period.to_s && !ended_;) {
      const std::int64_t to = period.to_s - from <= length ? period.to_s : from + length;
      PV_TRY(const Fill fill, fill_window({from, to}));
      if (fill.overfull && to - from > 1) {
        length = std::max<std::int64_t>((to - from) / 2, 1);
        continue;
      }
      write_window();
      from = to;
      if (fill.cells < kWindowCells / 4 && length < std::numeric_limits<std::int64_t>::max() / 2) length *= 2;
    }
    if (!text_.empty() && !ended_) sink_(text_);
    return {};
  }

 private:
  struct Fill {
    std::size_t cells = 0;
    bool overfull = false;
  };

  Result<Fill> fill_window(model::Period window) {
    Fill fill;
    for (WindowRows& logger : loggers_) {
      logger.times_s.clear();
      logger.values.clear();
      logger.next = 0;
    }
    for (const ScanBlock& block : plan_.blocks) {
      if (block.ref.last_s < window.from_s || block.ref.first_s >= window.to_s) continue;
      const std::vector<model::ChannelId>& wanted = plan_.loggers[block.logger].wanted;
      // A window inside one block is settled by the block itself; only whole blocks can be refused unread.
      const bool whole = block.ref.first_s >= window.from_s && block.ref.last_s < window.to_s;
      if (whole && fill.cells + std::size_t{block.ref.rows} * wanted.size() > kWindowCells) return Fill{fill.cells, true};
      PV_TRY_VOID(scope_.snapshot.read(0, block.ref, wanted, rows_));
      const auto begin = std::lower_bound(rows_.time_s.begin(), rows_.time_s.end(), window.from_s);
      const auto end = std::lower_bound(begin, rows_.time_s.end(), window.to_s);
      fill.cells += static_cast<std::size_t>(end - begin) * wanted.size();
      if (fill.cells > kWindowCells) return Fill{fill.cells, true};
      WindowRows& logger = loggers_[block.logger];
      logger.times_s.insert(logger.times_s.end(), begin, end);
      const auto first = static_cast<std::size_t>(begin - rows_.time_s.begin());
      for (std::size_t row = first; row < first + static_cast<std::size_t>(end - begin); ++row) {
        for (const model::Column& column : rows_.columns) logger.values.push_back(column.value(row));
      }
    }
    return fill;
  }

  /// Merges the loggers' rows by their stamps: at each, all loggers that have it make one row.
  void write_window() {
    std::vector<std::int64_t> stamps;
    for (const WindowRows& logger : loggers_) stamps.insert(stamps.end(), logger.times_s.begin(), logger.times_s.end());
    std::sort(stamps.begin(), stamps.end());
    stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
    std::vector<double> row(scope_.channels.size());
    for (const std::int64_t stamp : stamps) {
      std::fill(row.begin(), row.end(), kNaN);
      bool any = false;
      for (std::size_t l = 0; l < loggers_.size(); ++l) any |= take_row(l, stamp, row);
      if (any) writer_.append_row(stamp, row, text_);
      if (text_.size() < kPieceBytes) continue;
      if (!sink_(text_)) {
        ended_ = true;
        return;
      }
      text_.clear();
    }
  }

  bool take_row(std::size_t l, std::int64_t stamp, std::vector<double>& row) {
    WindowRows& logger = loggers_[l];
    if (logger.next == logger.times_s.size() || logger.times_s[logger.next] != stamp) return false;
    const std::vector<std::size_t>& channel = plan_.loggers[l].channel;
    bool any = false;
    for (std::size_t i = 0; i < channel.size(); ++i) {
      row[channel[i]] = logger.values[logger.next * channel.size() + i];
      any |= !std::isnan(row[channel[i]]);
    }
    ++logger.next;
    return any;
  }

  const Scope& scope_;
  const ScanPlan& plan_;
  RowWriter writer_;
  const TextSink& sink_;
  std::vector<WindowRows> loggers_;
  model::SampleBlock rows_;
  std::string text_;
  bool ended_ = false;
};

}  // namespace

Result<void> export_text(const Scope& scope, model::Period period, RowWriterOptions options, const TextSink& sink) {
  options.campaign = scope.campaign.name;
  std::vector<model::Channel> channels;
  for (const model::ChannelSummary& channel : scope.channels) channels.push_back(channel.channel);
  PV_TRY(const ScanPlan plan, plan_scan(scope, period));
  return Exporter(scope, plan, RowWriter(options, channels), sink).run(period);
}

}  // namespace pv::query
