#include "ingest/outbox_sink.h"

#include "base/fault.h"

namespace pv::ingest {

Result<std::vector<model::DeliveryOutcome>> OutboxSink::write(std::span<const model::Delivery> deliveries) {
  PV_TRY(const Outbox::Announced announced, outbox_->announce(tenant_, deliveries));
  fault_point("outbox.announced");
  auto outcomes = store_->write(deliveries);
  if (!outcomes) {
    // What cannot be withdrawn now is one entry too many, which costs a look.
    (void)outbox_->withdraw(announced);
    return outcomes;
  }
  fault_point("outbox.committed");
  PV_TRY_VOID(outbox_->let_go(announced, *outcomes));
  wake_();
  return outcomes;
}

}  // namespace pv::ingest
