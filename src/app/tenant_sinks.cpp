#include "app/tenant_sinks.h"

namespace pv::app {

Result<TenantSinks::Open> TenantSinks::open(const model::TenantName& tenant) const {
  Open open;
  if (passing_) {
    open.sink = std::make_unique<PassingSink>(tenant, *passing_);
    return open;
  }
  PV_TRY_VOID(directory_->create());
  PV_TRY(open.store, store::Writer::open(directory_->file_of(tenant), {.encoders = encoders_}));
  if (copies_ != nullptr) {
    open.sink = std::make_unique<ingest::OutboxSink>(tenant, *open.store, copies_->outbox(), [copies = copies_] { copies->wake(); });
  }
  return open;
}

Result<model::SampleSink*> TenantSinks::sink_of(const model::TenantName& tenant) {
  const std::lock_guard lock(mutex_);
  auto known = open_.find(tenant);
  if (known == open_.end()) {
    PV_TRY(Open opened, open(tenant));
    known = open_.emplace(tenant, std::move(opened)).first;
  }
  return known->second.sink ? known->second.sink.get() : known->second.store.get();
}

Result<void> TenantSinks::settle() {
  const std::lock_guard lock(mutex_);
  for (auto& [tenant, open] : open_) {
    if (open.store) PV_TRY_VOID(open.store->settle());
  }
  return {};
}

}  // namespace pv::app
