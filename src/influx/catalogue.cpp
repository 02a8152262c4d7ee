#include "influx/catalogue.h"

#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/clock.h"
#include "influx/flux.h"
#include "influx/line_protocol.h"
#include "model/rhythm.h"

namespace pv::influx {
namespace {

constexpr std::size_t kMostSeries = 200'000;
constexpr std::size_t kMostStamps = 16'000'000;
constexpr std::size_t kMostSteps = 100'000;

struct Series {
  model::Channel channel;
  std::uint64_t count = 0;
  std::int64_t first_s = 0, last_s = 0;
};
/// By campaign, logger, identity of the channel, name of the field.
using AllSeries = std::map<std::tuple<std::string, std::string, std::string, std::string>, Series>;

enum Column : std::size_t { value, time, field, campaign, master_sn, device_sn, label, name, unit, type, subtype };

Result<void> read_series(Connection& connection, const std::string& bucket, std::string_view function, AllSeries& all) {
  CsvColumns column({"_value", "_time", "_field", "campaign", "device_master_sn", "device_sn", "channel_label", "channel_name", "channel_unit", "device_type",
                     "device_subtype"});
  const std::string what = fmt::format("reading what bucket {} has", bucket);
  const std::string script = flux_from({bucket, kMeasurement, kAllTime}) + fmt::format("\n  |> {}()", function);
  return run_query(connection, script, what, [&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
    model::Channel channel;
    channel.master_sn = column(block, cells, master_sn);
    channel.device_sn = column(block, cells, device_sn);
    channel.label = column(block, cells, label);
    channel.name = column(block, cells, name);
    channel.unit = column(block, cells, unit);
    channel.type = column(block, cells, type) == "slave" ? model::DeviceType::slave : model::DeviceType::master;
    const std::string_view kind = column(block, cells, subtype);
    channel.subtype = kind == "tri" ? model::DeviceSubtype::tri : kind == "mono" ? model::DeviceSubtype::mono : model::DeviceSubtype::none;
    // Points that somebody else put there are not ours to show.
    const bool is_ours = model::CampaignName::parse(column(block, cells, campaign)) && model::SerialNumber::parse(channel.master_sn) &&
                         model::SerialNumber::parse(channel.device_sn) && !channel.label.empty();
    if (!is_ours) return {};
    if (all.size() >= kMostSeries) return fail(Errc::invalid_input, fmt::format("{}: more than {} series", what, kMostSeries));
    const std::string identity = model::field_name(channel, model::ChannelIdStyle::device_first);
    Series& series = all[{std::string(column(block, cells, campaign)), channel.master_sn, identity, std::string(column(block, cells, field))}];
    if (function == "count") {
      const auto count = read_number(column(block, cells, value));
      if (!count || *count < 0) return fail(Errc::unavailable, what + ": a count that does not read");
      series.count += static_cast<std::uint64_t>(*count);
      if (series.channel.label.empty()) series.channel = std::move(channel);
      return {};
    }
    const auto at = read_time(column(block, cells, time));
    if (!at) return fail(Errc::unavailable, what + ": a time that does not read");
    const bool is_fresh = series.last_s == 0 && series.first_s == 0;
    if (function == "first") {
      series.first_s = is_fresh ? *at : std::min(series.first_s, *at);
      return {};
    }
    // The tags that came last say what the channel is.
    if (series.channel.label.empty() || series.last_s == 0 || *at >= series.last_s) {
      series.last_s = *at;
      series.channel = std::move(channel);
    }
    return {};
  });
}

/// One series of a logger, as its step is looked for.
struct Rhythm {
  std::int64_t last_s = 0;
  std::uint64_t count = 0;
  std::string field;
};

/// What its last rows show, in the fullest of the channels that it has had of late: one that was replaced says nothing.
Result<std::int64_t> find_step(Connection& connection, const std::string& bucket, const CatalogueLogger& logger, const std::vector<Rhythm>& series) {
  const model::Period whole = *logger.summary.period;
  const std::int64_t last_s = whole.to_s - 1;
  for (const std::int64_t back_s : {2 * kDay_s, 60 * kDay_s, whole.to_s - whole.from_s}) {
    const Rhythm* fullest = nullptr;
    for (const Rhythm& one : series) {
      if (one.last_s >= last_s - back_s && (fullest == nullptr || one.count > fullest->count)) fullest = &one;
    }
    if (fullest == nullptr) continue;
    PV_TRY(const std::vector<std::int64_t> stamps, read_stamps(connection, bucket, logger, fullest->field, {last_s - back_s, last_s + 1}));
    if (stamps.size() >= kMinRowsForStep) return model::usual_step(stamps);
  }
  return 0;
}

}  // namespace

std::string_view CsvColumns::operator()(const CsvBlock& block, std::span<const std::string_view> cells, std::size_t name) {
  if (number_ != block.number) {
    number_ = block.number;
    for (std::size_t i = 0; i < names_.size(); ++i) places_[i] = block.find(names_[i]);
  }
  return places_[name] ? cells[*places_[name]] : std::string_view();
}

std::int64_t Ids::of(const std::string& campaign, const std::string& logger, const std::string& field) {
  const std::lock_guard lock(mutex_);
  return ids_.try_emplace({campaign, logger, field}, static_cast<std::int64_t>(ids_.size()) + 1).first->second;
}

std::optional<std::int64_t> Steps::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = steps_.find(key);
  return found == steps_.end() ? std::nullopt : std::optional(found->second);
}

void Steps::keep(const Key& key, std::int64_t step_s) {
  const std::lock_guard lock(mutex_);
  if (steps_.size() >= kMostSteps) steps_.clear();  // rows that grew leave keys behind
  steps_[key] = step_s;
}

Result<std::vector<std::int64_t>> read_stamps(Connection& connection, const std::string& bucket, const CatalogueLogger& logger, const std::string& field,
                                              model::Period period) {
  const std::string script = flux_from({bucket, kMeasurement, period, logger.campaign_name, logger.summary.sn, {field}}) +
                             "\n  |> keep(columns: [\"_time\", \"_value\", \"_field\"])";
  std::vector<std::int64_t> stamps;
  CsvColumns column({"_time"});
  const std::string what = fmt::format("looking for the step of logger {}", logger.summary.sn);
  PV_TRY_VOID(run_query(connection, script, what, [&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
    const auto at = read_time(column(block, cells, 0));
    if (!at) return fail(Errc::unavailable, what + ": a time that does not read");
    if (stamps.size() >= kMostStamps) return fail(Errc::unavailable, what + ": more rows than can be");
    stamps.push_back(*at);
    return {};
  }));
  std::sort(stamps.begin(), stamps.end());
  stamps.erase(std::unique(stamps.begin(), stamps.end()), stamps.end());
  return stamps;
}

Result<std::shared_ptr<const Catalogue>> load_catalogue(Connection& connection, const std::string& bucket, Ids& ids, Steps& steps,
                                                        std::uint64_t generation) {
  AllSeries all;
  for (const std::string_view function : {"count", "first", "last"}) PV_TRY_VOID(read_series(connection, bucket, function, all));
  auto catalogue = std::make_shared<Catalogue>();
  catalogue->generation = generation;
  catalogue->bucket = bucket;
  std::map<std::int64_t, std::vector<Rhythm>> rhythms;  // of each logger
  for (auto& [key, series] : all) {
    const auto& [campaign_name, sn, identity, field_name] = key;
    if (series.count == 0) continue;
    const model::LoggerId id{ids.of(campaign_name, sn)};
    CatalogueLogger& logger = catalogue->loggers[id.value];
    logger.campaign = {ids.of(campaign_name)};
    logger.campaign_name = campaign_name;
    logger.summary.id = id;
    logger.summary.sn = sn;
    logger.summary.samples += series.count;
    model::Period period{series.first_s, series.last_s + 1};
    if (logger.summary.period) {
      period = {std::min(period.from_s, logger.summary.period->from_s), std::max(period.to_s, logger.summary.period->to_s)};
    }
    logger.summary.period = period;
    if (logger.channels.empty() || logger.channels.back().summary.field != identity) {
      logger.channels.push_back({{{ids.of(campaign_name, sn, identity)}, id, std::move(series.channel), identity}, {}});
      ++logger.summary.channels;
    }
    logger.channels.back().fields.push_back(field_name);
    logger.summary.rows = std::max(logger.summary.rows, series.count);
    rhythms[id.value].push_back({series.last_s, series.count, field_name});
  }
  std::map<std::string, model::CampaignSummary> campaigns;
  for (auto& [id, logger] : catalogue->loggers) {
    // Of the logger as a whole: an older row says nothing new of its last ones.
    const Steps::Key key{id, logger.summary.period->to_s, logger.summary.period->to_s, 0};
    std::optional<std::int64_t> step_s = steps.find(key);
    if (!step_s) {
      PV_TRY(step_s, find_step(connection, bucket, logger, rhythms[id]));
      steps.keep(key, *step_s);
    }
    logger.summary.step_s = *step_s;
    model::CampaignSummary& campaign = campaigns[logger.campaign_name];
    campaign.id = logger.campaign;
    campaign.name = logger.campaign_name;
    campaign.loggers.push_back(logger.summary);
  }
  for (auto& [name_of_campaign, campaign] : campaigns) {
    std::sort(campaign.loggers.begin(), campaign.loggers.end(), [](const auto& a, const auto& b) { return a.sn < b.sn; });
    catalogue->campaigns.push_back(std::move(campaign));
  }
  return std::shared_ptr<const Catalogue>(std::move(catalogue));
}

}  // namespace pv::influx
