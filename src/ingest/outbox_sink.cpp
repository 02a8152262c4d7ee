#include "ingest/outbox_sink.h"

#include "base/fault.h"

namespace pv::ingest {

Result<std::vector<model::DeliveryOutcome>> OutboxSink::write(std::span<const model::Delivery> deliveries) {
  if (!unsettled_.empty()) {
    PV_TRY_VOID(outbox_->let_all_go(unsettled_));
    unsettled_.clear();
  }
  PV_TRY(const Outbox::Announced announced, outbox_->announce(tenant_, deliveries));
  fault_point("outbox.announced");
  auto outcomes = store_->write(deliveries);
  if (!outcomes) {
    // What cannot be withdrawn now is one entry too many, which costs a look.
    (void)outbox_->withdraw(announced);
    return outcomes;
  }
  fault_point("outbox.committed");
  if (auto let_go = outbox_->let_go(announced, *outcomes); !let_go) {
    // Written again, the files will be found known, and say of themselves that they changed nothing.
    unsettled_.insert(unsettled_.end(), announced.begin(), announced.end());
    return fail(std::move(let_go).error());
  }
  wake_();
  return outcomes;
}

}  // namespace pv::ingest
