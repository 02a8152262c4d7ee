#pragma once
/// What a bucket has, by campaign, logger and channel, as its series' tags say.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "influx/connection.h"
#include "influx/csv.h"
#include "model/source.h"

namespace pv::influx {

/// Column of the answer by name, for each of its blocks in turn.
class CsvColumns {
 public:
  explicit CsvColumns(std::vector<std::string_view> names) : names_(std::move(names)), places_(names_.size()) {}
  /// "" where the block has no such column.
  [[nodiscard]] std::string_view operator()(const CsvBlock& block, std::span<const std::string_view> cells, std::size_t name);

 private:
  std::vector<std::string_view> names_;
  std::vector<std::optional<std::size_t>> places_;
  std::uint64_t number_ = 0;
};

/// Numbers for names, which stay as long as the program runs. Threads: safe.
class Ids {
 public:
  std::int64_t of(const std::string& campaign, const std::string& logger = {}, const std::string& field = {});

 private:
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> ids_;
};

struct CatalogueChannel {
  model::ChannelSummary summary;
  std::vector<std::string> fields;  // what its values are called there; one, unless the style of ids was changed
};

struct CatalogueLogger {
  model::CampaignId campaign;
  std::string campaign_name;
  model::LoggerSummary summary;
  std::vector<CatalogueChannel> channels;  // by id
};

/// Threads: immutable once loaded.
struct Catalogue {
  std::uint64_t generation = 0;
  std::string bucket;
  std::vector<model::CampaignSummary> campaigns;  // by name
  std::map<std::int64_t, CatalogueLogger> loggers;
};

/// Distances between rows that have been found out. Threads: safe.
class Steps {
 public:
  /// Rows as they stood; another row makes another key.
  struct Key {
    std::int64_t logger = 0, first_s = 0, last_s = 0;
    std::uint64_t rows = 0;
    auto operator<=>(const Key&) const = default;
  };
  [[nodiscard]] std::optional<std::int64_t> find(const Key& key);
  void keep(const Key& key, std::int64_t step_s);

 private:
  std::mutex mutex_;
  std::map<Key, std::int64_t> steps_;
};
/// Fewer rows tell no step.
inline constexpr std::size_t kMinRowsForStep = 3;

/// The stamps that a field has in a period, ascending. Errors: as influx/flux.h; unavailable for more than 16 million.
Result<std::vector<std::int64_t>> read_stamps(Connection& connection, const std::string& bucket, const CatalogueLogger& logger, const std::string& field,
                                              model::Period period);

/// Three queries that the server answers series by series, and one of two days for each logger with new rows (a longer one where those are too few).
///   Errors: invalid_input for more than 200,000 series; as influx/flux.h.
Result<std::shared_ptr<const Catalogue>> load_catalogue(Connection& connection, const std::string& bucket, Ids& ids, Steps& steps,
                                                        std::uint64_t generation);

}  // namespace pv::influx
