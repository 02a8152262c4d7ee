#include "victoria/snapshot.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/http_client.h"
#include "model/rhythm.h"
#include "victoria/labels.h"

namespace pv::victoria {
namespace {

constexpr std::size_t kMostSteps = 100'000;
constexpr std::size_t kMinRowsForStep = 3;
constexpr std::size_t kMostSamplesOfBlock = 64'000'000;

using Cell = std::pair<std::int64_t, double>;

/// `stamps` becomes the union of both; both ascend.
void unite(std::vector<std::int64_t>& stamps, const std::vector<std::int64_t>& more, std::vector<std::int64_t>& scratch) {
  if (std::includes(stamps.begin(), stamps.end(), more.begin(), more.end())) return;
  scratch.clear();
  std::set_union(stamps.begin(), stamps.end(), more.begin(), more.end(), std::back_inserter(scratch));
  stamps.swap(scratch);
}

void fill_column(const std::vector<std::int64_t>& stamps, std::vector<Cell>& cells, model::Column& column) {
  column.clear();
  column.reserve(stamps.size());
  std::sort(cells.begin(), cells.end());
  std::size_t next = 0;
  for (const std::int64_t time_s : stamps) {
    std::size_t last = next;
    while (last < cells.size() && cells[last].first == time_s) ++last;
    if (last == next) {
      column.push_missing();
    } else {
      column.push_real(cells[last - 1].second);  // of two at one instant the greater, as VictoriaMetrics does it
    }
    next = last;
  }
}

class Snapshot final : public model::SampleSnapshot {
 public:
  Snapshot(std::shared_ptr<TenantReading> tenant, std::uint64_t generation, std::shared_ptr<const Catalogue> catalogue, std::unique_ptr<Server> server,
           std::vector<std::unique_ptr<Server>> workers)
      : tenant_(std::move(tenant)), generation_(generation), catalogue_(std::move(catalogue)), server_(std::move(server)), workers_(std::move(workers)) {}

  std::uint64_t generation() const override { return generation_; }

  Result<std::vector<model::CampaignSummary>> campaigns() override {
    std::vector<model::CampaignSummary> all;
    for (std::size_t c = 0; c < catalogue_->campaigns.size(); ++c) {
      model::CampaignSummary summary{Catalogue::campaign_id(c), catalogue_->campaigns[c].name.str(), {}, 0, 0};
      for (std::size_t l = 0; l < catalogue_->campaigns[c].loggers.size(); ++l) summary.loggers.push_back(summary_of(Catalogue::logger_id(c, l)));
      all.push_back(std::move(summary));
    }
    return all;
  }

  Result<model::CampaignSummary> campaign(const model::CampaignName& name) override {
    const auto index = index_of(name);
    if (!index) return fail(Errc::not_found, fmt::format("campaign {} does not exist", name.str()));
    model::CampaignSummary summary{Catalogue::campaign_id(*index), name.str(), {}, 0, 0};
    for (std::size_t l = 0; l < catalogue_->campaigns[*index].loggers.size(); ++l) {
      const model::LoggerId id = Catalogue::logger_id(*index, l);
      PV_TRY_VOID(learn_steps(id));
      summary.loggers.push_back(summary_of(id));
    }
    return summary;
  }

  Result<std::optional<model::LoggerOfCampaign>> logger(const model::CampaignName& campaign, std::string_view sn) override {
    const auto index = index_of(campaign);
    if (!index) return std::optional<model::LoggerOfCampaign>();
    const auto& loggers = catalogue_->campaigns[*index].loggers;
    for (std::size_t l = 0; l < loggers.size(); ++l) {
      if (loggers[l].sn != sn) continue;
      const model::LoggerId id = Catalogue::logger_id(*index, l);
      PV_TRY_VOID(learn_steps(id));
      return std::optional(model::LoggerOfCampaign{Catalogue::campaign_id(*index), summary_of(id)});
    }
    return std::optional<model::LoggerOfCampaign>();
  }

  Result<std::vector<model::ChannelSummary>> channels(model::CampaignId id) override {
    std::vector<model::ChannelSummary> all;
    if (const CatalogueCampaign* campaign = catalogue_->find(id)) {
      for (const CatalogueLogger& logger : campaign->loggers) all.insert(all.end(), logger.channels.begin(), logger.channels.end());
    }
    return all;
  }

  Result<std::vector<model::LoggerEvent>> events(model::CampaignId id, model::Period period) override {
    std::vector<model::LoggerEvent> all;
    const CatalogueCampaign* campaign = catalogue_->find(id);
    if (campaign == nullptr) return all;
    Selector selector(tenant_->tenant);
    selector.equals("__name__", kRestartMetric).equals("campaign", campaign->name.str());
    PV_TRY_VOID(server_->export_series(selector.text(), within(period), [&](const ExportedRun& run) -> Result<void> {
      const std::string_view sn = label(run.labels, "device_master_sn");
      for (std::size_t l = 0; l < campaign->loggers.size(); ++l) {
        if (campaign->loggers[l].sn != sn) continue;
        const model::LoggerId logger = Catalogue::logger_id(static_cast<std::size_t>(id.value) - 1, l);
        for (const std::int64_t time_s : run.time_s) all.push_back({logger, {time_s, model::EventKind::restart}});
      }
      return {};
    }));
    const auto key = [](const model::LoggerEvent& one) { return std::pair(one.event.time_s, one.logger.value); };
    std::sort(all.begin(), all.end(), [key](const auto& a, const auto& b) { return key(a) < key(b); });
    all.erase(std::unique(all.begin(), all.end(), [key](const auto& a, const auto& b) { return key(a) == key(b); }), all.end());
    return all;
  }

  Result<std::vector<model::Conflict>> conflicts(model::CampaignId, model::Period, std::size_t) override { return std::vector<model::Conflict>(); }
  Result<std::vector<model::StoredFile>> files(model::CampaignId, std::size_t) override { return std::vector<model::StoredFile>(); }

  Result<std::vector<model::BlockRef>> blocks(model::LoggerId id, model::Period period) override {
    std::vector<model::BlockRef> refs;
    const CatalogueLogger* logger = catalogue_->find(id);
    if (logger == nullptr) return refs;
    PV_TRY_VOID(learn_steps(id));
    for (std::size_t w = 0; w < logger->windows.size(); ++w) {
      const Window& window = logger->windows[w];
      if (window.first_s >= period.to_s || window.last_s < period.from_s) continue;
      refs.push_back({id, window.first_s, window.last_s, window.rows, tenant_->step(key_of(id, window)).value_or(0), w});
    }
    return refs;
  }

  Result<std::optional<std::int64_t>> row_before(model::LoggerId id, std::int64_t time_s) override {
    const CatalogueLogger* logger = catalogue_->find(id);
    if (logger == nullptr) return std::optional<std::int64_t>();
    const auto after = std::partition_point(logger->windows.begin(), logger->windows.end(), [time_s](const Window& w) { return w.first_s < time_s; });
    if (after == logger->windows.begin()) return std::optional<std::int64_t>();
    const Window& window = *(after - 1);
    if (window.last_s < time_s) return std::optional(window.last_s);
    const std::string query = fmt::format("max(tlast_over_time({}[{}s]))", channels_of(id), time_s - window.first_s);
    PV_TRY(const std::string answer, server_->ask("/api/v1/query", fmt::format("query={}&nocache=1&time={}.999", percent_encoded(query), time_s - 1)));
    PV_TRY(const std::vector<QueriedSeries> found, read_query(answer));
    if (found.empty() || found.front().points.empty()) return std::optional<std::int64_t>();
    return std::optional(static_cast<std::int64_t>(found.front().points.front().second));
  }

  Result<void> read(unsigned worker, const model::BlockRef& block, std::span<const model::ChannelId> wanted, model::SampleBlock& out) override {
    const CatalogueLogger* logger = catalogue_->find(block.logger);
    if (logger == nullptr || block.handle >= logger->windows.size() || worker >= workers_.size()) {
      return fail(Errc::invalid_input, "a block or a worker that this snapshot did not give");
    }
    std::map<std::string, std::vector<Cell>> cells;  // by field
    for (const model::ChannelSummary& channel : logger->channels) {
      if (std::find(wanted.begin(), wanted.end(), channel.id) != wanted.end()) cells.emplace(channel.field, std::vector<Cell>());
    }
    out.time_s.clear();
    std::vector<std::int64_t> stamps, scratch;
    std::size_t samples = 0;
    // All channels are asked for: each may have rows that the wanted ones lack.
    PV_TRY_VOID(workers_[worker]->export_series(channels_of(block.logger), {block.first_s, block.last_s + 1}, [&](const ExportedRun& run) -> Result<void> {
      const auto channel = channel_of(run.labels);
      if (!channel) return {};
      samples += run.time_s.size();
      if (samples > kMostSamplesOfBlock) return fail(Errc::unavailable, "VictoriaMetrics answers far more samples of a logger than it counted");
      stamps = run.time_s;
      std::sort(stamps.begin(), stamps.end());
      stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
      unite(out.time_s, stamps, scratch);
      const auto found = cells.find(field_of(*channel));
      if (found == cells.end()) return {};
      for (std::size_t i = 0; i < run.time_s.size(); ++i) found->second.emplace_back(run.time_s[i], run.values[i]);
      return {};
    }));
    out.columns.resize(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto channel = std::find_if(logger->channels.begin(), logger->channels.end(), [&](const auto& one) { return one.id == wanted[i]; });
      std::vector<Cell> none;
      fill_column(out.time_s, channel == logger->channels.end() ? none : cells[channel->field], out.columns[i]);
    }
    return {};
  }

 private:
  static model::Period within(model::Period period) {
    return {std::clamp(period.from_s, kAllTime.from_s, kAllTime.to_s), std::clamp(period.to_s, kAllTime.from_s, kAllTime.to_s)};
  }

  std::optional<std::size_t> index_of(const model::CampaignName& name) const {
    for (std::size_t c = 0; c < catalogue_->campaigns.size(); ++c) {
      if (catalogue_->campaigns[c].name == name) return c;
    }
    return std::nullopt;
  }

  std::string channels_of(model::LoggerId id) const {
    Selector selector(tenant_->tenant);
    selector.equals("campaign", catalogue_->campaign_of(id)->name.str()).equals("device_master_sn", catalogue_->find(id)->sn).channels();
    return selector.text();
  }

  TenantReading::WindowKey key_of(model::LoggerId id, const Window& window) const {
    return {catalogue_->campaign_of(id)->name.str(), catalogue_->find(id)->sn, window.first_s, window.last_s, window.rows};
  }

  model::LoggerSummary summary_of(model::LoggerId id) const {
    const CatalogueLogger& logger = *catalogue_->find(id);
    model::LoggerSummary summary;
    summary.id = id;
    summary.sn = logger.sn;
    summary.channels = static_cast<std::uint32_t>(logger.channels.size());
    std::map<std::int64_t, std::uint64_t> rows_by_step;
    for (const Window& window : logger.windows) {
      summary.rows += window.rows;
      summary.samples += window.samples;
      const std::int64_t step_s = tenant_->step(key_of(id, window)).value_or(0);
      if (step_s > 0) rows_by_step[step_s] += window.rows;
    }
    std::uint64_t most = 0;
    for (const auto& [step_s, rows] : rows_by_step) {
      if (rows > most) most = rows, summary.step_s = step_s;
    }
    if (!logger.windows.empty()) summary.period = model::Period{logger.windows.front().first_s, logger.windows.back().last_s + 1};
    return summary;
  }

  /// Reads the stamps of the fullest channel where no step is known yet; of windows that it was not in, of the channel that is fullest in those.
  Result<void> learn_steps(model::LoggerId id) {
    std::vector<const Window*> unknown;
    for (const Window& window : catalogue_->find(id)->windows) {
      if (!tenant_->step(key_of(id, window))) unknown.push_back(&window);
    }
    while (!unknown.empty()) {
      PV_TRY(const std::vector<std::int64_t> stamps, stamps_of_fullest(id, {unknown.front()->first_s, unknown.back()->last_s + 1}));
      std::vector<const Window*> left;
      for (const Window* window : unknown) {
        const auto first = std::lower_bound(stamps.begin(), stamps.end(), window->first_s);
        const std::span<const std::int64_t> rows(first, std::upper_bound(first, stamps.end(), window->last_s));
        if (rows.size() * 2 < window->rows) {
          left.push_back(window);
        } else {
          tenant_->keep_step(key_of(id, *window), rows.size() >= kMinRowsForStep ? model::usual_step(rows) : 0);
        }
      }
      if (left.size() == unknown.size()) {  // rows that went away since they were counted, or channels that take turns
        for (const Window* window : left) tenant_->keep_step(key_of(id, *window), 0);
        return {};
      }
      unknown = std::move(left);
    }
    return {};
  }

  /// Of the channel that has most rows in a period.
  Result<std::vector<std::int64_t>> stamps_of_fullest(model::LoggerId id, model::Period period) {
    const std::string query = fmt::format("topk(1, sum(count_over_time({}[{}s])) by (device_sn,channel_label,channel_unit))", channels_of(id),
                                          period.to_s - period.from_s);
    PV_TRY(const std::string answer, server_->ask("/api/v1/query", fmt::format("query={}&nocache=1&time={}.999", percent_encoded(query), period.to_s - 1)));
    PV_TRY(const std::vector<QueriedSeries> fullest, read_query(answer));
    std::vector<std::int64_t> stamps;
    if (fullest.empty()) return stamps;
    const Labels& labels = fullest.front().labels;
    Selector selector(tenant_->tenant);
    selector.equals("campaign", catalogue_->campaign_of(id)->name.str()).equals("device_master_sn", catalogue_->find(id)->sn);
    for (const char* name : {"device_sn", "channel_label", "channel_unit"}) selector.equals(name, label(labels, name));
    selector.channels();
    PV_TRY_VOID(server_->export_series(selector.text(), period, [&stamps](const ExportedRun& run) -> Result<void> {
      if (stamps.size() + run.time_s.size() > kMostSamplesOfBlock) return fail(Errc::unavailable, "VictoriaMetrics answers too many samples of a channel");
      stamps.insert(stamps.end(), run.time_s.begin(), run.time_s.end());
      return {};
    }));
    std::sort(stamps.begin(), stamps.end());
    stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
    return stamps;
  }

  std::shared_ptr<TenantReading> tenant_;
  std::uint64_t generation_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Server>> workers_;  // a connection each
};

}  // namespace

Result<TenantReading::Loaded> TenantReading::catalogue(std::uint64_t generation) {
  return loaded_.get(Meanwhile::wait, [generation](const Loaded& loaded) { return loaded.generation >= generation; }, [this, generation]() -> Result<Loaded> {
    std::shared_ptr<const Catalogue> last;
    std::int64_t since_s = kAllTime.from_s;
    {
      const std::lock_guard lock(mutex_);
      last = last_;
      since_s = std::exchange(changed_since_s_, kAllTime.to_s);
    }
    auto loaded = [&]() -> Result<Catalogue> {
      PV_TRY(const auto server, Server::open(options));
      return Catalogue::load(*server, tenant, last.get(), since_s);
    }();
    const std::lock_guard lock(mutex_);
    if (!loaded) {
      changed_since_s_ = std::min(changed_since_s_, since_s);
      return fail(std::move(loaded).error());
    }
    last_ = std::make_shared<const Catalogue>(std::move(*loaded));
    return Loaded{generation, last_};
  });
}

void TenantReading::note_change(std::int64_t since_s) {
  const std::lock_guard lock(mutex_);
  changed_since_s_ = std::min(changed_since_s_, since_s);
}

std::optional<std::int64_t> TenantReading::step(const WindowKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = steps_.find(key);
  return found == steps_.end() ? std::nullopt : std::optional(found->second);
}

void TenantReading::keep_step(const WindowKey& key, std::int64_t step_s) {
  const std::lock_guard lock(mutex_);
  if (steps_.size() >= kMostSteps) steps_.clear();  // windows that grew leave keys behind
  steps_[key] = step_s;
}

Result<std::unique_ptr<model::SampleSnapshot>> open_snapshot(std::shared_ptr<TenantReading> tenant, std::uint64_t generation, unsigned workers) {
  PV_TRY(auto server, Server::open(tenant->options));
  std::vector<std::unique_ptr<Server>> connections;
  for (unsigned i = 0; i < workers; ++i) {
    PV_TRY(auto one, Server::open(tenant->options));
    connections.push_back(std::move(one));
  }
  PV_TRY(TenantReading::Loaded loaded, tenant->catalogue(generation));
  return std::unique_ptr<model::SampleSnapshot>(
      std::make_unique<Snapshot>(std::move(tenant), loaded.generation, std::move(loaded.catalogue), std::move(server), std::move(connections)));
}

}  // namespace pv::victoria
