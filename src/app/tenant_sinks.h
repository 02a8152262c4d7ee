#pragma once
/// The sinks that one ingestion run writes to, opened when their first file comes: the stores, which tell the outbox where there are copies
/// elsewhere; or, without an embedded store, those that pass samples on.
///   Threads: safe, as long as a tenant's sink has one user at a time.

#include <map>
#include <memory>
#include <mutex>

#include "app/copies.h"
#include "app/passing_sink.h"
#include "base/result.h"
#include "ingest/outbox_sink.h"
#include "model/names.h"
#include "store/directory.h"
#include "store/writer.h"

namespace pv::app {

class TenantSinks {
 public:
  TenantSinks(const store::Directory& directory, unsigned encoders) : directory_(&directory), encoders_(encoders) {}

  /// Before the first sink is asked for. Borrows the copies.
  void send_to(Copies& copies) { copies_ = &copies; }
  /// Before the first sink is asked for: no store, all is passed on.
  void pass_on(PassingParts parts) { passing_ = parts; }

  Result<model::SampleSink*> sink_of(const model::TenantName& tenant);
  /// Tidies up what many small writes have left. Worth doing after a run, once its files are filed.
  Result<void> settle();

 private:
  struct Open {
    std::unique_ptr<store::Writer> store;      // null without an embedded store
    std::unique_ptr<model::SampleSink> sink;   // null: the store itself
  };
  Result<Open> open(const model::TenantName& tenant) const;

  const store::Directory* directory_;
  unsigned encoders_;
  Copies* copies_ = nullptr;
  std::optional<PassingParts> passing_;
  std::mutex mutex_;
  std::map<model::TenantName, Open> open_;
};

}  // namespace pv::app
