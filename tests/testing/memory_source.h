#pragma once
/// A tenant's samples in memory, for tests and benchmarks of everything that reads through model/source.h.
/// Fill it before the first snapshot; set_generation() and the catalogue may change between snapshots.

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/source.h"

namespace pv::testing {

struct MemoryLogger {
  std::string sn;
  std::int64_t step_s = 600;
  std::vector<model::Channel> channels;
  model::SampleBlock rows;
  std::vector<std::int64_t> restarts_s;
};

struct MemoryCampaign {
  std::string name;
  std::vector<MemoryLogger> loggers;
  std::vector<model::Conflict> conflicts;
  std::vector<model::StoredFile> files;
};

class MemorySource final : public model::SampleSource {
 public:
  std::vector<MemoryCampaign> campaigns;
  std::uint32_t block_rows = 8192;
  bool blocks_know_their_step = true;
  std::atomic<std::uint64_t> reads{0};       // blocks read by all snapshots
  std::atomic<bool> damaged{false};          // read() fails

  void set_generation(std::uint64_t generation) { generation_ = generation; }
  Result<std::uint64_t> generation() override { return generation_.load(); }
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override;

 private:
  friend class MemorySnapshot;
  std::atomic<std::uint64_t> generation_{1};
};

/// Ids: campaign index + 1; logger = campaign * 10'000 + index + 1; channel = logger * 10'000 + index + 1.
class MemorySnapshot final : public model::SampleSnapshot {
 public:
  MemorySnapshot(MemorySource& source, unsigned workers) : source_(source), workers_(workers) {}

  std::uint64_t generation() const override { return source_.generation_.load(); }

  Result<std::vector<model::CampaignSummary>> campaigns() override {
    std::vector<model::CampaignSummary> all;
    for (std::size_t i = 0; i < source_.campaigns.size(); ++i) all.push_back(summary(i));
    return all;
  }
  Result<model::CampaignSummary> campaign(const model::CampaignName& name) override {
    for (std::size_t i = 0; i < source_.campaigns.size(); ++i) {
      if (source_.campaigns[i].name == name.str()) return summary(i);
    }
    return fail(Errc::not_found, "campaign " + name.str() + " does not exist");
  }
  Result<std::optional<model::LoggerOfCampaign>> logger(const model::CampaignName& name, std::string_view sn) override {
    const auto found = campaign(name);
    if (!found) return std::optional<model::LoggerOfCampaign>();
    for (const model::LoggerSummary& one : found->loggers) {
      if (one.sn == sn) return std::optional(model::LoggerOfCampaign{found->id, one});
    }
    return std::optional<model::LoggerOfCampaign>();
  }
  Result<std::vector<model::ChannelSummary>> channels(model::CampaignId id) override {
    std::vector<model::ChannelSummary> all;
    const MemoryCampaign& campaign = at(id);
    for (std::size_t l = 0; l < campaign.loggers.size(); ++l) {
      for (std::size_t c = 0; c < campaign.loggers[l].channels.size(); ++c) {
        const model::Channel& channel = campaign.loggers[l].channels[c];
        const model::LoggerId logger = logger_id(id, l);
        all.push_back({{logger.value * 10'000 + static_cast<std::int64_t>(c) + 1}, logger, channel,
                       model::field_name(channel, model::ChannelIdStyle::device_first)});
      }
    }
    return all;
  }
  Result<std::vector<model::LoggerEvent>> events(model::CampaignId id, model::Period period) override {
    std::vector<model::LoggerEvent> all;
    const MemoryCampaign& campaign = at(id);
    for (std::size_t l = 0; l < campaign.loggers.size(); ++l) {
      for (const std::int64_t restart : campaign.loggers[l].restarts_s) {
        if (restart < period.from_s || restart >= period.to_s) continue;
        all.push_back({logger_id(id, l), {restart, model::EventKind::restart}});
      }
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.event.time_s < b.event.time_s; });
    return all;
  }
  Result<std::vector<model::Conflict>> conflicts(model::CampaignId id, model::Period period, std::size_t limit) override {
    std::vector<model::Conflict> all;
    for (const model::Conflict& conflict : at(id).conflicts) {
      if (conflict.time_s >= period.from_s && conflict.time_s < period.to_s && all.size() < limit) all.push_back(conflict);
    }
    return all;
  }
  Result<std::vector<model::StoredFile>> files(model::CampaignId id, std::size_t limit) override {
    std::vector<model::StoredFile> all = at(id).files;
    if (all.size() > limit) all.resize(limit);
    return all;
  }
  Result<std::vector<model::BlockRef>> blocks(model::LoggerId id, model::Period period) override {
    std::vector<model::BlockRef> refs;
    const MemoryLogger& logger = at(id);
    const std::vector<std::int64_t>& times = logger.rows.time_s;
    for (std::size_t from = 0; from < times.size(); from += source_.block_rows) {
      const std::size_t to = std::min<std::size_t>(times.size(), from + source_.block_rows);
      if (times[from] >= period.to_s || times[to - 1] < period.from_s) continue;
      refs.push_back({id, times[from], times[to - 1], static_cast<std::uint32_t>(to - from),
                      source_.blocks_know_their_step ? logger.step_s : 0, from});
    }
    return refs;
  }
  Result<std::optional<std::int64_t>> row_before(model::LoggerId id, std::int64_t time_s) override {
    const std::vector<std::int64_t>& times = at(id).rows.time_s;
    const auto row = std::lower_bound(times.begin(), times.end(), time_s);
    if (row == times.begin()) return std::optional<std::int64_t>();
    return std::optional<std::int64_t>(*(row - 1));
  }
  Result<void> read(unsigned worker, const model::BlockRef& block, std::span<const model::ChannelId> wanted,
                    model::SampleBlock& out) override {
    if (worker >= workers_) return fail(Errc::invalid_input, "worker number beyond what the snapshot was opened for");
    if (source_.damaged) return fail(Errc::corrupt, "block 1 of logger: checksum does not match");
    ++source_.reads;
    const model::SampleBlock& rows = at(block.logger).rows;
    const std::size_t from = block.handle;
    const std::size_t to = from + block.rows;
    out.time_s.assign(rows.time_s.begin() + static_cast<std::ptrdiff_t>(from),
                      rows.time_s.begin() + static_cast<std::ptrdiff_t>(to));
    out.columns.resize(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      copy(rows.columns[static_cast<std::size_t>(wanted[i].value % 10'000 - 1)], from, to, out.columns[i]);
    }
    return {};
  }

 private:
  static void copy(const model::Column& column, std::size_t from, std::size_t to, model::Column& out) {
    const auto first = static_cast<std::ptrdiff_t>(from);
    const auto last = static_cast<std::ptrdiff_t>(to);
    out.kind = column.kind;
    out.decimals = column.decimals;
    out.missing = 0;
    out.mantissa.clear();
    out.real.clear();
    if (column.kind == model::Column::Kind::decimal) {
      out.mantissa.assign(column.mantissa.begin() + first, column.mantissa.begin() + last);
    } else {
      out.real.assign(column.real.begin() + first, column.real.begin() + last);
    }
    if (column.missing == 0) return;
    for (std::size_t row = 0; row < out.size(); ++row) out.missing += out.is_missing(row) ? 1U : 0U;
  }
  static model::LoggerId logger_id(model::CampaignId campaign, std::size_t logger) {
    return {campaign.value * 10'000 + static_cast<std::int64_t>(logger) + 1};
  }
  const MemoryCampaign& at(model::CampaignId id) const {
    return source_.campaigns[static_cast<std::size_t>(id.value - 1)];
  }
  const MemoryLogger& at(model::LoggerId id) const {
    return at(model::CampaignId{id.value / 10'000}).loggers[static_cast<std::size_t>(id.value % 10'000 - 1)];
  }
  model::CampaignSummary summary(std::size_t index) const {
    const MemoryCampaign& campaign = source_.campaigns[index];
    model::CampaignSummary summary;
    summary.id = {static_cast<std::int64_t>(index) + 1};
    summary.name = campaign.name;
    summary.files = campaign.files.size();
    summary.conflicts = campaign.conflicts.size();
    for (std::size_t l = 0; l < campaign.loggers.size(); ++l) {
      const MemoryLogger& logger = campaign.loggers[l];
      model::LoggerSummary one;
      one.id = logger_id(summary.id, l);
      one.sn = logger.sn;
      one.step_s = logger.step_s;
      one.rows = logger.rows.time_s.size();
      one.channels = static_cast<std::uint32_t>(logger.channels.size());
      for (const model::Column& column : logger.rows.columns) one.samples += column.size() - column.missing;
      if (one.rows > 0) one.period = model::Period{logger.rows.time_s.front(), logger.rows.time_s.back() + 1};
      if (!campaign.files.empty()) one.last_file = {campaign.files.back().name, campaign.files.back().stored_at_s};
      summary.loggers.push_back(std::move(one));
    }
    return summary;
  }

  MemorySource& source_;
  unsigned workers_;
};

inline Result<std::unique_ptr<model::SampleSnapshot>> MemorySource::snapshot(unsigned workers) {
  return std::unique_ptr<model::SampleSnapshot>(std::make_unique<MemorySnapshot>(*this, workers));
}

class MemoryDirectory final : public model::SourceDirectory {
 public:
  std::map<std::string, std::shared_ptr<MemorySource>> sources;
  std::atomic<bool> unreadable{false};

  Result<std::vector<model::TenantName>> tenants() override {
    if (unreadable) return fail(Errc::io, "cannot read the data folder");
    std::vector<model::TenantName> names;
    for (const auto& [name, source] : sources) {
      PV_TRY(model::TenantName parsed, model::TenantName::parse(name));
      names.push_back(std::move(parsed));
    }
    return names;
  }
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override {
    const auto found = sources.find(tenant.str());
    if (found == sources.end()) return fail(Errc::not_found, "tenant " + tenant.str() + " does not exist");
    return std::shared_ptr<model::SampleSource>(found->second);
  }
};

}  // namespace pv::testing
