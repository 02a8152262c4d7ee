#pragma once
/// A tenant's store that tells the outbox what is written to it, so that copies elsewhere follow.
///   Errors: those of the store; those of the outbox, before anything is written, or after it: then the files are written again and found known.
///   Threads: as model/delivery.h.

#include <functional>

#include "ingest/outbox.h"
#include "model/delivery.h"

namespace pv::ingest {

class OutboxSink final : public model::SampleSink {
 public:
  /// Borrows store and outbox. `wake` is called when there is something to send.
  OutboxSink(model::TenantName tenant, model::SampleSink& store, Outbox& outbox, std::function<void()> wake)
      : tenant_(std::move(tenant)), store_(&store), outbox_(&outbox), wake_(std::move(wake)) {}

  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override;

 private:
  model::TenantName tenant_;
  model::SampleSink* store_;
  Outbox* outbox_;
  std::function<void()> wake_;
  Outbox::Announced unsettled_;  // committed, and the outbox could not be told
};

}  // namespace pv::ingest
