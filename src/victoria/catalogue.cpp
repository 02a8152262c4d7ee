#include "victoria/catalogue.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/http_client.h"
#include "victoria/labels.h"

namespace pv::victoria {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kWindow_s = 28 * kDay_s;
constexpr std::int64_t kFirstWindow_s = 13 * kWindow_s;        // a window that touches 1970 itself makes the whole answer empty
constexpr std::int64_t kFirstYear_s = 13 * 45 * kWindow_s;    // 2014: what is older is not worth a question for each year
constexpr std::int64_t kYear_s = 13 * kWindow_s;              // asked for at once: a query has limits of samples and of time
constexpr std::uint32_t kMostWindowRows = 65'536;
constexpr unsigned kLoggerBits = 32;

tl::unexpected<Error> nonsense() { return fail(Errc::unavailable, "an answer of VictoriaMetrics makes no sense"); }

/// The `data` of an answer that says success.
Result<Json> data_of(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("status", Json()) != Json("success") || !json.contains("data")) return nonsense();
  if (json.value("isPartial", Json(false)) != Json(false)) {
    return fail(Errc::unavailable, "a part of the VictoriaMetrics cluster is away: its answer is not whole");
  }
  return std::move(json["data"]);
}

Result<Labels> labels_of(const Json& json) {
  if (!json.is_object()) return nonsense();
  Labels labels;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) return nonsense();
    labels.emplace_back(name, value.get<std::string>());
  }
  return labels;
}

Result<std::pair<std::int64_t, double>> point_of(const Json& json) {
  if (!json.is_array() || json.size() != 2 || !json[0].is_number() || !json[1].is_string()) return nonsense();
  const double time_s = json[0].get<double>();
  const auto& text = json[1].get_ref<const std::string&>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || !(std::abs(time_s) < 1e12)) return nonsense();
  return std::pair(static_cast<std::int64_t>(std::floor(time_s)), value);
}

using LoggerKey = std::pair<std::string, std::string>;  // campaign, serial
using Windows = std::map<LoggerKey, std::map<std::int64_t, Window>>;

/// Asks for a number a logger and window; windows are [k * length, (k + 1) * length).
template <class Take>
Result<void> ask_windows(Server& server, const std::string& query, model::Period period, std::int64_t length_s, const Take& take) {
  const std::int64_t from = period.from_s / length_s * length_s;
  const std::int64_t to = (period.to_s + length_s - 1) / length_s * length_s;
  // A query looks back from its instant, which itself counts: the last millisecond of a window.
  PV_TRY(const std::string answer,
         server.ask("/api/v1/query_range", fmt::format("query={}&nocache=1&start={}.999&end={}.999&step={}s", percent_encoded(query),
                                                       from + length_s - 1, to - 1, length_s)));
  PV_TRY(const std::vector<QueriedSeries> found, read_query(answer));
  for (const QueriedSeries& series : found) {
    const LoggerKey key(label(series.labels, "campaign"), label(series.labels, "device_master_sn"));
    for (const auto& [time_s, value] : series.points) {
      if (value < 0 || value > 1e12) return nonsense();
      take(key, time_s, static_cast<std::int64_t>(value));
    }
  }
  return {};
}

Result<Windows> windows_of(Server& server, const std::string& selector, model::Period period, std::int64_t length_s) {
  constexpr std::string_view kBy = "by (campaign,device_master_sn)";
  constexpr std::string_view kByChannel = "by (campaign,device_master_sn,device_sn,channel_label,channel_unit)";
  const std::string range = fmt::format("{}[{}s]", selector, length_s);
  Windows windows;
  PV_TRY_VOID(ask_windows(server, fmt::format("min(tfirst_over_time({})) {}", range, kBy), period, length_s,
                          [&](const LoggerKey& key, std::int64_t end_s, std::int64_t value) { windows[key][end_s].first_s = value; }));
  // Samples may arrive between two questions: what the first did not show is left for the next catalogue.
  const auto set = [&windows](const auto& assign) {
    return [&windows, assign](const LoggerKey& key, std::int64_t end_s, std::int64_t value) {
      const auto logger = windows.find(key);
      if (logger == windows.end()) return;
      if (const auto window = logger->second.find(end_s); window != logger->second.end()) assign(window->second, value);
    };
  };
  PV_TRY_VOID(ask_windows(server, fmt::format("max(tlast_over_time({})) {}", range, kBy), period, length_s,
                          set([](Window& window, std::int64_t value) { window.last_s = value; })));
  PV_TRY_VOID(ask_windows(server, fmt::format("sum(count_over_time({})) {}", range, kBy), period, length_s,
                          set([](Window& window, std::int64_t value) { window.samples = static_cast<std::uint64_t>(value); })));
  PV_TRY_VOID(ask_windows(server, fmt::format("max(sum(count_over_time({})) {}) {}", range, kByChannel, kBy), period, length_s,
                          set([](Window& window, std::int64_t value) {
                            window.rows = static_cast<std::uint32_t>(std::min<std::int64_t>(value, std::numeric_limits<std::uint32_t>::max()));
                          })));
  return windows;
}

/// Of the names that a channel has had, as it was called last.
Result<model::Channel> latest_of(Server& server, const Selector& of_logger, std::vector<model::Channel> names, std::int64_t now) {
  Selector selector = of_logger;
  selector.channel(names.front());
  const std::string query = fmt::format("max(tlast_over_time({}[{}s])) by (channel_name,device_subtype)", selector.text(), now + 3 * kDay_s - kFirstWindow_s);
  PV_TRY(const std::string answer,
         server.ask("/api/v1/query", fmt::format("query={}&nocache=1&time={}.999", percent_encoded(query), now + 3 * kDay_s - 1)));
  PV_TRY(const std::vector<QueriedSeries> found, read_query(answer));
  const auto last_of = [&found](const model::Channel& channel) {
    for (const QueriedSeries& series : found) {
      if (label(series.labels, "channel_name") != channel.name || label(series.labels, "device_subtype") != to_string(channel.subtype)) continue;
      if (!series.points.empty()) return series.points.front().second;
    }
    return -1.0;
  };
  return *std::max_element(names.begin(), names.end(), [&](const auto& a, const auto& b) { return last_of(a) < last_of(b); });
}

/// The same for any span, year by year. Empty spans cost next to nothing.
Result<Windows> windows_by_year(Server& server, const std::string& selector, model::Period period) {
  Windows all;
  for (std::int64_t from_s = period.from_s; from_s < period.to_s;) {
    const std::int64_t to_s = std::min(period.to_s, from_s < kFirstYear_s ? kFirstYear_s : (from_s / kYear_s + 1) * kYear_s);
    PV_TRY(Windows some, windows_of(server, selector, {from_s, to_s}, kWindow_s));
    for (auto& [key, windows] : some) all[key].merge(windows);
    from_s = to_s;
  }
  return all;
}

/// What a catalogue says of a logger's rows before an instant at which a window begins.
std::vector<Window> windows_before(const Catalogue* catalogue, const LoggerKey& key, std::int64_t boundary_s) {
  std::vector<Window> kept;
  if (catalogue == nullptr) return kept;
  for (const CatalogueCampaign& campaign : catalogue->campaigns) {
    if (campaign.name.str() != key.first) continue;
    const auto logger = std::find_if(campaign.loggers.begin(), campaign.loggers.end(), [&key](const CatalogueLogger& one) { return one.sn == key.second; });
    if (logger == campaign.loggers.end()) continue;
    std::copy_if(logger->windows.begin(), logger->windows.end(), std::back_inserter(kept), [boundary_s](const Window& one) { return one.first_s < boundary_s; });
  }
  return kept;
}

/// U1 before Ch1, Ch2 before Ch10.
auto channel_order(const model::ChannelSummary& one) {
  const model::Channel& channel = one.channel;
  return std::tuple(channel.type, std::string_view(channel.device_sn), !channel.label.starts_with('U'), channel.label.size(),
                    std::string_view(channel.label), std::string_view(channel.unit));
}

std::vector<Window> usable(const std::map<std::int64_t, Window>& windows) {
  std::vector<Window> list;
  for (const auto& [end_s, window] : windows) {
    if (window.rows > 0 && window.last_s >= window.first_s && (list.empty() || window.first_s > list.back().last_s)) list.push_back(window);
  }
  return list;
}

}  // namespace

Result<std::vector<QueriedSeries>> read_query(const std::string& json) {
  PV_TRY(const Json data, data_of(json));
  const Json result = data.is_object() ? data.value("result", Json()) : Json();
  if (!result.is_array()) return nonsense();
  std::vector<QueriedSeries> all;
  for (const Json& one : result) {
    if (!one.is_object()) return nonsense();
    QueriedSeries series;
    PV_TRY(series.labels, labels_of(one.value("metric", Json())));
    if (one.contains("value")) {
      PV_TRY(const auto point, point_of(one["value"]));
      series.points.push_back(point);
    } else {
      const Json values = one.value("values", Json());
      if (!values.is_array()) return nonsense();
      for (const Json& value : values) {
        PV_TRY(const auto point, point_of(value));
        series.points.push_back(point);
      }
    }
    all.push_back(std::move(series));
  }
  return all;
}

Result<std::vector<Labels>> read_series(const std::string& json) {
  PV_TRY(const Json data, data_of(json));
  if (!data.is_array()) return nonsense();
  std::vector<Labels> all;
  for (const Json& one : data) {
    PV_TRY(Labels labels, labels_of(one));
    all.push_back(std::move(labels));
  }
  return all;
}

Result<std::vector<std::string>> read_label_values(const std::string& json) {
  PV_TRY(const Json data, data_of(json));
  if (!data.is_array()) return nonsense();
  std::vector<std::string> all;
  for (const Json& one : data) {
    if (!one.is_string()) return nonsense();
    all.push_back(one.get<std::string>());
  }
  return all;
}

Result<Catalogue> Catalogue::load(Server& server, const model::TenantName& tenant, const Catalogue* last, std::int64_t changed_since_s) {
  Selector known(tenant);
  known.channels_and_events();
  PV_TRY(const std::string listing, server.ask("/api/v1/series", match_form(known.text()) + kEverListed));
  PV_TRY(const std::vector<Labels> series, read_series(listing));
  std::map<std::string, std::map<std::string, std::map<std::string, std::vector<model::Channel>>>> found;  // campaign, serial, field: its names
  for (const Labels& labels : series) {
    const std::string campaign(label(labels, "campaign"));
    const std::string sn(label(labels, "device_master_sn"));
    if (!model::CampaignName::parse(campaign) || !model::SerialNumber::parse(sn)) continue;
    if (label(labels, "__name__") == kRestartMetric) {
      found[campaign][sn];
    } else if (auto channel = channel_of(labels)) {
      std::string field = field_of(*channel);
      // A channel that was renamed has a series by each name.
      std::vector<model::Channel>& names = found[campaign][sn][std::move(field)];
      if (std::find(names.begin(), names.end(), *channel) == names.end()) names.push_back(std::move(*channel));
    }
  }

  const std::int64_t now = unix_now_s();
  Selector measured(tenant);
  measured.channels();
  // Nothing lies more than two days ahead.
  const std::int64_t end_s = (now + 3 * kDay_s + kWindow_s - 1) / kWindow_s * kWindow_s;
  const std::int64_t boundary_s = last == nullptr ? kFirstWindow_s : std::clamp(changed_since_s / kWindow_s * kWindow_s, kFirstWindow_s, end_s - kWindow_s);
  PV_TRY(const Windows windows, windows_by_year(server, measured.text(), {boundary_s, end_s}));

  Catalogue catalogue;
  std::int64_t next_channel = 1;
  for (auto& [campaign, loggers] : found) {
    PV_TRY(model::CampaignName name, model::CampaignName::parse(campaign));
    catalogue.campaigns.push_back({std::move(name), {}});
    CatalogueCampaign& entry = catalogue.campaigns.back();
    for (auto& [sn, channels] : loggers) {
      CatalogueLogger logger;
      logger.sn = sn;
      const model::LoggerId id = logger_id(catalogue.campaigns.size() - 1, entry.loggers.size());
      Selector of_logger(tenant);
      of_logger.equals("campaign", campaign).equals("device_master_sn", sn);
      for (auto& [field, names] : channels) {
        model::Channel channel = names.front();
        if (names.size() > 1) {
          PV_TRY(channel, latest_of(server, of_logger, std::move(names), now));
        }
        logger.channels.push_back({{}, id, std::move(channel), field});
      }
      std::sort(logger.channels.begin(), logger.channels.end(), [](const auto& a, const auto& b) { return channel_order(a) < channel_order(b); });
      for (model::ChannelSummary& channel : logger.channels) channel.id = {next_channel++};
      if (const auto rows = windows.find({campaign, sn}); rows != windows.end()) logger.windows = usable(rows->second);
      if (std::any_of(logger.windows.begin(), logger.windows.end(), [](const Window& window) { return window.rows > kMostWindowRows; })) {
        Selector one(tenant);
        one.equals("campaign", campaign).equals("device_master_sn", sn).channels();
        const model::Period period{logger.windows.front().first_s, logger.windows.back().last_s + 1};
        PV_TRY(const Windows days, windows_of(server, one.text(), period, kDay_s));
        if (const auto rows = days.find({campaign, sn}); rows != days.end()) logger.windows = usable(rows->second);
      }
      std::vector<Window> kept = windows_before(last, {campaign, sn}, boundary_s);
      logger.windows.insert(logger.windows.begin(), kept.begin(), kept.end());
      entry.loggers.push_back(std::move(logger));
    }
  }
  return catalogue;
}

model::CampaignId Catalogue::campaign_id(std::size_t campaign) noexcept { return {static_cast<std::int64_t>(campaign) + 1}; }

model::LoggerId Catalogue::logger_id(std::size_t campaign, std::size_t logger) noexcept {
  return {(static_cast<std::int64_t>(campaign) << kLoggerBits) + static_cast<std::int64_t>(logger) + 1};
}

const CatalogueCampaign* Catalogue::find(model::CampaignId id) const noexcept {
  return id.value < 1 || static_cast<std::uint64_t>(id.value) > campaigns.size() ? nullptr : &campaigns[static_cast<std::size_t>(id.value) - 1];
}

const CatalogueCampaign* Catalogue::campaign_of(model::LoggerId id) const noexcept {
  return id.value < 1 ? nullptr : find(model::CampaignId{((id.value - 1) >> kLoggerBits) + 1});
}

const CatalogueLogger* Catalogue::find(model::LoggerId id) const noexcept {
  const CatalogueCampaign* campaign = campaign_of(id);
  if (campaign == nullptr) return nullptr;
  const auto index = static_cast<std::size_t>((id.value - 1) & ((std::int64_t{1} << kLoggerBits) - 1));
  return index < campaign->loggers.size() ? &campaign->loggers[index] : nullptr;
}

}  // namespace pv::victoria
