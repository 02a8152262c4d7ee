#include "app/run_sinks.h"

#include <cstdio>

#include <fmt/format.h>

#include "app/command.h"
#include "app/sources.h"

namespace pv::app {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

}  // namespace

Result<void> RunSinks::start() {
  if (is_started_) return {};
  PV_TRY(copies_, Copies::start(*settings_, *zones_, settings_->embedded_store == Switch::on ? &stores_ : nullptr, {}));
  if (settings_->embedded_store == Switch::off) {
    if (!copies_) return fail(no_store_at_all());
    PV_TRY(periods_, FilePeriods::open(settings_->state_dir));
    sinks_.pass_on({.settings = settings_, .zones = zones_, .periods = periods_.get(), .outbox = &copies_->outbox(), .stop = stop_});
  } else if (copies_) {
    sinks_.send_to(*copies_);
  }
  is_started_ = true;
  return {};
}

Result<model::SampleSink*> RunSinks::sink_of(const model::TenantName& tenant) {
  {
    const std::lock_guard lock(mutex_);
    PV_TRY_VOID(start());
  }
  return sinks_.sink_of(tenant);
}

void RunSinks::bring_copies(const ingest::RunReport& run) {
  if (!copies_) return;
  copies_->tell(run);
  copies_->wait_drained(kPatience, stop_);
  const auto standing = copies_->outbox().standing();
  if (!standing) return;
  for (const ingest::SinkStanding& sink : *standing) {
    if (sink.waiting == 0 && sink.trouble.empty()) continue;
    fmt::print(stderr, "{}: {} stretches wait{}{}; serve, or the next ingest, brings them\n", sink.sink, sink.waiting, sink.trouble.empty() ? "" : ": ", shown(sink.trouble));
  }
}

}  // namespace pv::app
