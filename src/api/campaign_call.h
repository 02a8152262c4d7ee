#pragma once
/// A request about one campaign, with everything opened that it needs; one function for each such route.
/// Errors of them all: invalid_input names the parameter; otherwise those of the snapshot.

#include <functional>
#include <memory>

#include "api/message.h"
#include "base/result.h"
#include "model/rhythm.h"
#include "model/source.h"
#include "model/zone.h"

namespace pv::api {

struct CampaignCall {
  const Request& request;
  std::shared_ptr<model::SampleSource> source;
  std::unique_ptr<model::SampleSnapshot> snapshot;  // goes before its source
  model::TenantName tenant;
  model::CampaignSummary campaign;
  model::Zone zone;
  model::ExpectedSteps expected_steps;
  unsigned workers = 1;  // no more than the snapshot was opened for
  /// For errors that come after the reply began, when the client can no longer be told. Outlives every reply.
  std::function<void(const Error&)> log_error;
};

/// As query::whole_period; [0, 1) for a campaign without rows.
[[nodiscard]] model::Period whole_period(const model::CampaignSummary& campaign);
/// "02001171"; empty for an id that is not of the campaign.
[[nodiscard]] std::string_view serial_of(const model::CampaignSummary& campaign, model::LoggerId logger);

[[nodiscard]] Result<Reply> list_campaigns(const Request& request, model::SampleSnapshot& snapshot,
                                           const std::function<model::Zone(const model::CampaignSummary&)>& zone_of);
[[nodiscard]] Result<Reply> show_campaign(CampaignCall& call);
[[nodiscard]] Result<Reply> list_events(CampaignCall& call);
[[nodiscard]] Result<Reply> list_gaps(CampaignCall& call);
[[nodiscard]] Result<Reply> list_files(CampaignCall& call);
[[nodiscard]] Result<Reply> list_conflicts(CampaignCall& call);
[[nodiscard]] Result<Reply> query_curves(CampaignCall& call);
[[nodiscard]] Result<Reply> query_energy(CampaignCall& call);
/// Takes the snapshot with it: the reply streams.
[[nodiscard]] Result<Reply> export_samples(CampaignCall&& call);

}  // namespace pv::api
