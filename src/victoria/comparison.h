#pragma once
/// One logger's rows against what VictoriaMetrics holds of them.

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "model/mirror.h"
#include "model/source.h"
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

struct Findings {
  std::uint64_t missing = 0;                // cells of the truth that are not there
  std::set<std::size_t> differing;          // channels with another value, a value twice, or one that the truth has not
  std::vector<model::RefusedPoint> points;  // the first of the missing; empty when they were sent
  std::uint64_t fresh_missing = 0;          // of the missing: within a day of now, which every retention holds
};

class Comparison {
 public:
  Comparison(Server& server, const model::TenantName& tenant, model::ChannelIdStyle style, model::SampleSnapshot& truth, std::int64_t now_s)
      : server_(server), tenant_(tenant), style_(style), truth_(truth), now_s_(now_s) {}

  /// Compares a period, block by block. What was written before must have settled.
  Result<Findings> compare(const ComparedLogger& logger, model::Period period, Missing missing);
  /// The series of one channel, or of the events.
  [[nodiscard]] std::string selector(const ComparedLogger& logger, std::size_t channel) const;

 private:
  Result<void> compare_rows(const ComparedLogger& logger, model::Period period, const model::SampleBlock& rows, Missing missing);
  Result<void> compare_events(const ComparedLogger& logger, model::Period period, Missing missing);
  void note_missing(const ComparedLogger& logger, std::size_t channel, std::int64_t time_s);
  Result<void> send(const std::string& head, double value, std::int64_t time_s);
  Result<void> flush();

  Server& server_;
  const model::TenantName& tenant_;
  model::ChannelIdStyle style_;
  model::SampleSnapshot& truth_;
  std::int64_t now_s_;
  Findings findings_;
  std::string batch_;
  std::size_t batch_lines_ = 0;
};

}  // namespace pv::victoria
