#pragma once
/// One logger's rows against what VictoriaMetrics holds of them.

#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "model/mirror.h"
#include "model/source.h"
#include "victoria/line_batch.h"
#include "victoria/server.h"

namespace pv::victoria {

/// A logger of the truth. Index channels.size() stands for its restart events wherever a channel's index is asked for.
struct ComparedLogger {
  model::CampaignName campaign;
  model::CampaignId campaign_id;
  model::LoggerId id;
  std::string sn;
  std::vector<model::ChannelSummary> channels;
};

enum class Missing : std::uint8_t { send, report };

/// What VictoriaMetrics holds of a logger and the truth has not.
enum class Beyond : std::uint8_t {
  keep,   // may be all that is left of another time: of files that are gone, of another store
  erase,  // is wrong: the truth is whole
};

struct Findings {
  std::uint64_t missing = 0;                // cells of the truth that are not there
  std::set<std::size_t> differing;          // channels with another value, a value twice, or (Beyond::erase) one that the truth has not
  std::vector<model::RefusedPoint> points;  // the first of the missing; empty when they were sent
  std::int64_t oldest_there_s = std::numeric_limits<std::int64_t>::max();     // of the truth's cells: the first that is there
  std::int64_t latest_missing_s = std::numeric_limits<std::int64_t>::min();  // of the missing: the last that VictoriaMetrics could have taken
};

class Comparison {
 public:
  Comparison(Server& server, const model::TenantName& tenant, model::ChannelIdStyle style, Beyond beyond, model::SampleSnapshot& truth,
             std::int64_t now_s)
      : tenant_(tenant), server_(server), style_(style), beyond_(beyond), truth_(truth), now_s_(now_s), batch_(server, tenant) {}

  /// Compares a period, block by block. What was written before must have settled.
  Result<Findings> compare(const ComparedLogger& logger, model::Period period, Missing missing);
  /// The series of one channel, or of the events.
  [[nodiscard]] std::string selector(const ComparedLogger& logger, std::size_t channel) const;

 private:
  Result<void> compare_rows(const ComparedLogger& logger, model::Period period, const model::SampleBlock& rows, Missing missing);
  Result<void> compare_events(const ComparedLogger& logger, model::Period period, Missing missing);
  void note_missing(const ComparedLogger& logger, std::size_t channel, std::int64_t time_s);

  const model::TenantName& tenant_;
  Server& server_;
  model::ChannelIdStyle style_;
  Beyond beyond_;
  model::SampleSnapshot& truth_;
  std::int64_t now_s_;
  Findings findings_;
  LineBatch batch_;
};

}  // namespace pv::victoria
