#pragma once
/// A tenant's sink where there is no embedded store: samples go to InfluxDB or VictoriaMetrics, or both, before a file counts as stored.
///
/// Files that disagree are settled by rank as everywhere (model/delivery.h). For that a store is made for the time of a call, out of the files given
/// and those in parsed/ that have rows of the same loggers and instants, give or take a week; what it then holds is sent. What the other systems hold
/// beside that stays: it may come from files that are no longer there.
///   Errors: unavailable: a system is away or refuses the credential, or a stop ended the call before its next request; the files wait and are tried again. Otherwise as model/delivery.h.
///   Cost: that of reading those files again. Threads: one caller at a time.

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/file_periods.h"
#include "app/refused_place.h"
#include "app/settings.h"
#include "app/zones.h"
#include "ingest/file_reading.h"
#include "ingest/outbox.h"
#include "model/delivery.h"
#include "model/mirror.h"

namespace pv::app {

/// What the sinks of an installation share. Borrowed.
struct PassingParts {
  const Settings* settings = nullptr;
  const Zones* zones = nullptr;
  FilePeriods* periods = nullptr;
  ingest::Outbox* outbox = nullptr;  // for what was refused, and the standing of the other systems
  std::stop_token stop = {};
};

class PassingSink final : public model::SampleSink {
 public:
  PassingSink(model::TenantName tenant, PassingParts parts) : tenant_(std::move(tenant)), parts_(parts), place_(*parts.settings, *parts.zones) {}
  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override;

 private:
  Result<std::vector<ingest::FileReading>> earlier_files(std::span<const model::Delivery> deliveries);
  Result<void> learn_filed();
  Result<void> send(model::SampleSnapshot& truth, const std::vector<model::Stretch>& stretches, std::span<const model::Delivery> deliveries);
  Result<void> renew_means(model::SampleSnapshot& truth, const std::vector<model::Stretch>& stretches);
  std::vector<ingest::RefusedRow> refused_of(const std::string& sink, const model::MirrorOutcome& outcome, std::span<const model::Delivery> deliveries);
  Result<model::Mirror*> mirror_of(std::size_t sink);

  model::TenantName tenant_;
  PassingParts parts_;
  std::vector<std::unique_ptr<model::Mirror>> mirrors_;  // by sink
  RefusedPlace place_;
  std::chrono::steady_clock::time_point learn_again_ = {};
  bool lacks_some_ = false;  // files that should be weighed against lie nowhere any more
};

}  // namespace pv::app
