#pragma once
/// Whom a question is put to: the chosen channels of one campaign, as one snapshot knows them.

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

}  // namespace pv::query
