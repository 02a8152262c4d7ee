#include "victoria/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "victoria/labels.h"

namespace pv::victoria {
namespace {

constexpr std::int64_t kMostAhead_s = 2 * 86'400;  // of its clock: VictoriaMetrics takes nothing later

/// VictoriaMetrics turns a double into a decimal of at least 12 digits.
bool same_value(double a, double b) noexcept { return std::abs(a - b) <= 1e-11 * std::max(std::abs(a), std::abs(b)) + 1e-12; }

}  // namespace

std::string Comparison::selector(const ComparedLogger& logger, std::size_t channel) const {
  Selector selector(tenant_);
  selector.equals("campaign", logger.campaign.str()).equals("device_master_sn", logger.sn);
  if (channel == logger.channels.size()) return selector.events().text();
  return selector.channel(logger.channels[channel].channel).text();
}

Result<Findings> Comparison::compare(const ComparedLogger& logger, model::Period period, Missing missing) {
  findings_ = {};
  PV_TRY(const std::vector<model::BlockRef> blocks, truth_.blocks(logger.id, period));
  std::vector<model::ChannelId> wanted;
  for (const model::ChannelSummary& channel : logger.channels) wanted.push_back(channel.id);
  model::SampleBlock rows;
  // The pieces leave no gap between blocks, so that rows which the truth has not are found there too.
  std::int64_t from_s = period.from_s;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::int64_t to_s = i + 1 < blocks.size() ? std::clamp(blocks[i + 1].first_s, from_s, period.to_s) : period.to_s;
    PV_TRY_VOID(truth_.read(0, blocks[i], wanted, rows));
    PV_TRY_VOID(compare_rows(logger, {from_s, to_s}, rows, missing));
    from_s = to_s;
  }
  if (blocks.empty()) {
    rows = {};
    rows.columns.resize(wanted.size());
    PV_TRY_VOID(compare_rows(logger, period, rows, missing));
  }
  PV_TRY_VOID(compare_events(logger, period, missing));
  PV_TRY_VOID(batch_.flush());
  return std::move(findings_);
}

Result<void> Comparison::compare_rows(const ComparedLogger& logger, model::Period period, const model::SampleBlock& rows, Missing missing) {
  const auto begin = std::lower_bound(rows.time_s.begin(), rows.time_s.end(), period.from_s);
  const auto end = std::lower_bound(begin, rows.time_s.end(), period.to_s);
  const auto first = static_cast<std::size_t>(begin - rows.time_s.begin());
  const auto last = static_cast<std::size_t>(end - rows.time_s.begin());
  std::map<std::string, std::size_t> index;
  for (std::size_t c = 0; c < logger.channels.size(); ++c) index.emplace(logger.channels[c].field, c);
  std::vector<std::vector<bool>> seen(logger.channels.size());  // by channel and row: VictoriaMetrics has it; empty for a channel it has nothing of

  const auto take = [&](const ExportedRun& run) -> Result<void> {
    const auto channel = channel_of(run.labels);
    const auto found = channel ? index.find(field_of(*channel)) : index.end();
    if (found == index.end()) return {};  // not ours to judge
    const std::size_t c = found->second;
    const model::Column& column = rows.columns[c];
    std::vector<bool>& there = seen[c];
    if (there.empty()) there.resize(last - first);
    auto at = begin;
    for (std::size_t i = 0; i < run.time_s.size(); ++i) {
      const std::int64_t time_s = run.time_s[i];
      if (at == end || *at != time_s) at = std::lower_bound(begin, end, time_s);
      const bool known = at != end && *at == time_s;
      const auto row = static_cast<std::size_t>(at - rows.time_s.begin());
      if (!known || column.is_missing(row)) {
        if (beyond_ == Beyond::erase) findings_.differing.insert(c);
        continue;
      }
      if (there[row - first] || !same_value(column.value(row), run.values[i])) findings_.differing.insert(c);
      there[row - first] = true;
      findings_.oldest_there_s = std::min(findings_.oldest_there_s, time_s);
    }
    return {};
  };
  Selector all(tenant_);
  all.equals("campaign", logger.campaign.str()).equals("device_master_sn", logger.sn).channels();
  PV_TRY_VOID(server_.export_series(all.text(), period, take));

  for (std::size_t c = 0; c < logger.channels.size(); ++c) {
    const model::Column& column = rows.columns[c];
    if (column.missing == column.size()) continue;
    const std::string head = line_head(tenant_, logger.campaign, logger.channels[c].channel, style_);
    for (std::size_t row = first; row < last; ++row) {
      if (column.is_missing(row) || (!seen[c].empty() && seen[c][row - first])) continue;
      const std::int64_t time_s = rows.time_s[row];
      note_missing(logger, c, time_s);
      if (missing == Missing::send) PV_TRY_VOID(batch_.add(head, column.value(row), time_s));
    }
  }
  if (missing == Missing::send) findings_.points.clear();
  return {};
}

Result<void> Comparison::compare_events(const ComparedLogger& logger, model::Period period, Missing missing) {
  const std::size_t index = logger.channels.size();
  PV_TRY(const std::vector<model::LoggerEvent> events, truth_.events(logger.campaign_id, period));
  std::map<std::int64_t, bool> there;
  for (const model::LoggerEvent& one : events) {
    if (one.logger == logger.id) there.emplace(one.event.time_s, false);
  }
  PV_TRY_VOID(server_.export_series(selector(logger, index), period, [&](const ExportedRun& run) -> Result<void> {
    for (const std::int64_t time_s : run.time_s) {
      const auto event = there.find(time_s);
      if (event == there.end()) {
        if (beyond_ == Beyond::erase) findings_.differing.insert(index);
        continue;
      }
      if (event->second) findings_.differing.insert(index);
      event->second = true;
      findings_.oldest_there_s = std::min(findings_.oldest_there_s, time_s);
    }
    return {};
  }));
  const std::string head = event_head(tenant_, logger.campaign, logger.sn);
  for (const auto& [time_s, is_there] : there) {
    if (is_there) continue;
    note_missing(logger, index, time_s);
    if (missing == Missing::send) PV_TRY_VOID(batch_.add(head, 1, time_s));
  }
  if (missing == Missing::send) findings_.points.clear();
  return {};
}

void Comparison::note_missing(const ComparedLogger& logger, std::size_t channel, std::int64_t time_s) {
  if (time_s <= now_s_ + kMostAhead_s) findings_.latest_missing_s = std::max(findings_.latest_missing_s, time_s);
  ++findings_.missing;
  if (findings_.points.size() >= model::kMostRefused) return;
  const std::string field = channel < logger.channels.size() ? logger.channels[channel].field : std::string(kRestartMetric);
  findings_.points.push_back({logger.campaign.str(), logger.sn, field, time_s, ""});
}

}  // namespace pv::victoria
