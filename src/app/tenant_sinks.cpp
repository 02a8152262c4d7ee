#include "app/tenant_sinks.h"

namespace pv::app {

Result<model::SampleSink*> TenantSinks::sink_of(const model::TenantName& tenant) {
  const std::lock_guard lock(mutex_);
  auto known = open_.find(tenant);
  if (known == open_.end()) {
    PV_TRY_VOID(directory_->create());
    PV_TRY(auto writer, store::Writer::open(directory_->file_of(tenant), {.encoders = encoders_}));
    known = open_.emplace(tenant, std::move(writer)).first;
  }
  return known->second.get();
}

Result<void> TenantSinks::settle() {
  const std::lock_guard lock(mutex_);
  for (auto& [tenant, writer] : open_) PV_TRY_VOID(writer->settle());
  return {};
}

}  // namespace pv::app
