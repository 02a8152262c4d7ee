#pragma once
/// Whom a question is put to: the chosen channels of one campaign, as one snapshot knows them.

#include <optional>
#include <span>

#include "model/source.h"

namespace pv::query {

/// Borrows everything; a Scope lives no longer than the call it is made for.
struct Scope {
  model::SampleSnapshot& snapshot;
  const model::CampaignSummary& campaign;
  std::span<const model::ChannelSummary> channels;  // answers keep this order
  unsigned workers = 1;  // threads that may read at once; no more than SampleSource::snapshot() was asked for
};

/// What a campaign's rows stand for, over all loggers: a row stands for the interval before its stamp, so it begins a step before
/// the first row, and holds the last one. Nothing for a campaign without rows.
[[nodiscard]] std::optional<model::Period> whole_period(const model::CampaignSummary& campaign);

}  // namespace pv::query
