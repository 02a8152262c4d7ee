#pragma once
/// The stores that one ingestion run writes to, opened when their first file comes.
///   Threads: safe, as long as a tenant's sink has one user at a time.

#include <map>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "model/names.h"
#include "store/directory.h"
#include "store/writer.h"

namespace pv::app {

class TenantSinks {
 public:
  TenantSinks(const store::Directory& directory, unsigned encoders) : directory_(&directory), encoders_(encoders) {}

  Result<model::SampleSink*> sink_of(const model::TenantName& tenant);
  /// Tidies up what many small writes have left. Worth doing after a run, once its files are filed.
  Result<void> settle();

 private:
  const store::Directory* directory_;
  unsigned encoders_;
  std::mutex mutex_;
  std::map<model::TenantName, std::unique_ptr<store::Writer>> open_;
};

}  // namespace pv::app
