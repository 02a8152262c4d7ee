#pragma once
/// Under which tags channels were sent to InfluxDB, and for which instants: `<state>/sent_series.sqlite`. To InfluxDB a point with another tag is of
/// another series, so that a channel whose title has changed would have two values an instant; who knows the old tags can delete the old one.
///   Says rather too much than too little: an instant that is in a period may have no sample.
///   Durable when a call returns. Errors: as base/database.h. Threads: confined to one; several programs may use it.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "influx/line_protocol.h"
#include "model/names.h"
#include "model/source.h"

namespace pv::app {

class SentSeries {
 public:
  static Result<std::unique_ptr<SentSeries>> open(const std::filesystem::path& state_dir);

  struct Series {
    std::string field;
    influx::Tags tags;
    model::Period period;
  };
  /// Of one logger, by field.
  Result<std::multimap<std::string, Series>> of(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn);
  /// Puts these in, or their periods in place of those known for the same field and tags. An empty period takes one out.
  Result<void> note(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn, const std::vector<Series>& series);
  /// Nothing is known of the company any more. Nothing happens where there is no such record.
  static Result<void> forget(const std::filesystem::path& state_dir, const model::TenantName& tenant);

 private:
  explicit SentSeries(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace pv::app
