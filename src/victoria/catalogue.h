#pragma once
/// What VictoriaMetrics holds of one company: campaigns, loggers, channels, and how their rows lie in time.
///
/// Made of one listing of series and four range queries for each year, which VictoriaMetrics works out by itself: samples are not transferred. Where the
/// last catalogue is known and what has changed since, only the windows from there on are asked for. Immutable.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/source.h"
#include "victoria/server.h"

namespace pv::victoria {

/// A logger's rows in a stretch of 28 days, or of one where a longer one would be too large to read at once.
struct Window {
  std::int64_t first_s = 0;  // first row
  std::int64_t last_s = 0;   // last row
  std::uint32_t rows = 0;    // of the channel that has most: exact when one channel has a value in every row, too few otherwise
  std::uint64_t samples = 0;
};

struct CatalogueLogger {
  std::string sn;
  std::vector<Window> windows;                  // by time
  std::vector<model::ChannelSummary> channels;  // the master's first, then by serial and label
};

struct CatalogueCampaign {
  model::CampaignName name;
  std::vector<CatalogueLogger> loggers;  // by serial
};

struct Catalogue {
  std::vector<CatalogueCampaign> campaigns;  // by name

  /// `last`: null, or a catalogue that still holds for all rows before `changed_since_s`.
  static Result<Catalogue> load(Server& server, const model::TenantName& tenant, const Catalogue* last, std::int64_t changed_since_s);

  /// Campaign index + 1, and campaign index * 2^32 + logger index + 1.
  [[nodiscard]] static model::CampaignId campaign_id(std::size_t campaign) noexcept;
  [[nodiscard]] static model::LoggerId logger_id(std::size_t campaign, std::size_t logger) noexcept;
  /// Null for an id of another catalogue.
  [[nodiscard]] const CatalogueCampaign* find(model::CampaignId id) const noexcept;
  [[nodiscard]] const CatalogueCampaign* campaign_of(model::LoggerId id) const noexcept;
  [[nodiscard]] const CatalogueLogger* find(model::LoggerId id) const noexcept;
};

/// One row of a query's answer: labels, and instants with their values.
struct QueriedSeries {
  Labels labels;
  std::vector<std::pair<std::int64_t, double>> points;  // Unix seconds, rounded down
};

/// Reads the JSON of /api/v1/query and /api/v1/query_range. Errors: unavailable.
Result<std::vector<QueriedSeries>> read_query(const std::string& json);
/// Asks a listing of series or label values for all that there ever was. A start of 0 would mean the last minutes.
inline constexpr const char* kEverListed = "&start=1&end=4102444800";
/// Reads the JSON of /api/v1/series. Errors: unavailable.
Result<std::vector<Labels>> read_series(const std::string& json);
/// Reads the JSON of /api/v1/label/…/values. Errors: unavailable.
Result<std::vector<std::string>> read_label_values(const std::string& json);

}  // namespace pv::victoria
