#include "app/passing_sink.h"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "app/copies.h"
#include "app/filed_files.h"
#include "app/other_systems.h"
#include "app/parsed_truth.h"
#include "app/scratch_store.h"
#include "base/digest.h"
#include "base/fault.h"
#include "ingest/sink_turn.h"
#include "store/reader.h"
#include "store/writer.h"

namespace pv::app {
namespace {

constexpr std::int64_t kWiden_s = 8 * 86'400;
/// Reading all files again for those that cannot be read costs its time.
constexpr auto kLearnAgain = std::chrono::minutes(10);

/// A file that has to wait is not one that is wrong.
Error as_away(Error error) {
  if (error.kind() != Errc::denied && error.kind() != Errc::invalid_input) return error;
  return {Errc::unavailable, error.message()};
}

}  // namespace

/// What was filed before there was a record of it (an earlier version, a store that was given up) counts as much.
Result<void> PassingSink::learn_filed() {
  PV_TRY(const bool is_complete, parts_.periods->is_complete(tenant_));
  if (is_complete || std::chrono::steady_clock::now() < learn_again_) return {};
  PV_TRY(const ParsedTruth read, read_parsed(*parts_.settings, *parts_.zones, tenant_, {}));
  if (read.left_for_now == 0) return parts_.periods->note_complete(tenant_);
  learn_again_ = std::chrono::steady_clock::now() + kLearnAgain;
  return {};
}

Result<std::vector<ingest::FileReading>> PassingSink::earlier_files(std::span<const model::Delivery> deliveries) {
  lacks_some_ = false;
  std::set<std::string> given;
  for (const model::Delivery& delivery : deliveries) given.insert(to_hex(delivery.origin->digest));
  std::set<std::pair<std::string, FilePeriods::File>> wanted;  // by campaign
  for (const model::Delivery& delivery : deliveries) {
    for (model::Stretch& stretch : ingest::stretches_of(delivery)) {
      // Means of InfluxDB are of whole local weeks.
      stretch.period = {stretch.period.from_s - kWiden_s, stretch.period.to_s + kWiden_s};
      PV_TRY(const std::vector<FilePeriods::File> files, parts_.periods->overlapping(tenant_, stretch));
      for (const FilePeriods::File& file : files) {
        if (!given.contains(file.digest)) wanted.emplace(stretch.campaign.str(), file);
      }
    }
  }
  FiledFiles filed(*parts_.settings, *parts_.zones);
  std::vector<ingest::FileReading> readings;
  for (const auto& [campaign, file] : wanted) {
    PV_TRY(const model::CampaignName campaign_name, model::CampaignName::parse(campaign));
    PV_TRY(const model::DeviceName device, model::DeviceName::parse(file.device_folder));
    auto reading = filed.find({tenant_, campaign_name, device}, file.name, file.digest);
    // What somebody has taken away can no longer be weighed against; its samples stay where they are.
    if (!reading && reading.error().kind() == Errc::not_found) {
      lacks_some_ = true;
      continue;
    }
    if (!reading) return fail(std::move(reading).error());
    readings.push_back(std::move(*reading));
  }
  return readings;
}

Result<model::Mirror*> PassingSink::mirror_of(std::size_t sink) {
  const std::vector<std::string>& sinks = parts_.outbox->sinks();
  mirrors_.resize(sinks.size());
  if (!mirrors_[sink]) {
    auto opened = open_mirror(*parts_.settings, *parts_.zones, sinks[sink], tenant_, [stop = parts_.stop] { return stop.stop_requested(); });
    if (!opened) return fail(as_away(std::move(opened).error()));
    mirrors_[sink] = std::move(*opened);
  }
  return mirrors_[sink].get();
}

Result<void> PassingSink::send(model::SampleSnapshot& truth, const std::vector<model::Stretch>& stretches, std::span<const model::Delivery> deliveries) {
  for (std::size_t s = 0; s < parts_.outbox->sinks().size(); ++s) {
    const std::string& sink = parts_.outbox->sinks()[s];
    PV_TRY(model::Mirror* const mirror, mirror_of(s));
    auto outcome = mirror->put(truth, stretches);
    if (!outcome) {
      if (!parts_.stop.stop_requested()) PV_TRY_VOID(parts_.outbox->note_trouble(sink, outcome.error().message()));
      mirrors_[s].reset();  // opened anew, with the token that the settings have by then
      return fail(as_away(std::move(outcome).error()).with(sink));
    }
    if (lacks_some_ && sink == kInfluxdbSink && parts_.settings->influxdb_downsample == Switch::on) {
      if (auto renewed = renew_means(truth, stretches); !renewed) return fail(as_away(std::move(renewed).error()).with(sink));
    }
    PV_TRY_VOID(parts_.outbox->note_trouble(sink, ""));
    PV_TRY_VOID(parts_.outbox->list_refused(sink, tenant_, stretches, refused_of(sink, *outcome, deliveries)));
  }
  return {};
}

/// Of what InfluxDB holds, where the files for it are gone: slower, as it is read back.
Result<void> PassingSink::renew_means(model::SampleSnapshot& truth, const std::vector<model::Stretch>& stretches) {
  PV_TRY(const auto mirror, open_influx_mirror(*parts_.settings, *parts_.zones, tenant_, [stop = parts_.stop] { return stop.stop_requested(); }));
  mirror->average_copied(copied_samples(*parts_.settings, tenant_));
  PV_TRY([[maybe_unused]] const model::MirrorOutcome sent, mirror->put_means(truth, stretches));
  return {};
}

std::vector<ingest::RefusedRow> PassingSink::refused_of(const std::string& sink, const model::MirrorOutcome& outcome, std::span<const model::Delivery> deliveries) {
  std::vector<ingest::RefusedRow> rows = ingest::refused_rows(sink, tenant_, outcome);
  for (ingest::RefusedRow& row : rows) {
    const model::RefusedPoint& point = row.point;
    for (const model::Delivery& delivery : deliveries) {
      const std::vector<model::Stretch> stretches = ingest::stretches_of(delivery);
      const bool has_it = std::any_of(stretches.begin(), stretches.end(), [&point](const model::Stretch& one) {
        return one.campaign.str() == point.campaign && one.logger_sn == point.logger_sn && one.period.from_s <= point.time_s && point.time_s < one.period.to_s;
      });
      if (!has_it) continue;
      row.digest = to_hex(delivery.origin->digest);
      row.file = fmt::format("{}/{}/{}", delivery.campaign->str(), delivery.origin->device_folder, delivery.origin->name);
      if (const auto device = model::DeviceName::parse(delivery.origin->device_folder)) place_.set_line(row, {tenant_, *delivery.campaign, *device}, delivery.origin->name);
    }
  }
  return rows;
}

Result<std::vector<model::DeliveryOutcome>> PassingSink::write(std::span<const model::Delivery> deliveries) {
  // Takes its time after a change: nobody else has to wait for it.
  PV_TRY_VOID(learn_filed());
  std::vector<ingest::SinkTurn> turns;
  for (const std::string& sink : parts_.outbox->sinks()) {
    PV_TRY(ingest::SinkTurn turn, ingest::SinkTurn::take(parts_.settings->state_dir, sink, [this] { return parts_.stop.stop_requested(); }));
    turns.push_back(std::move(turn));
  }
  PV_TRY(ScratchStore scratch, ScratchStore::open(parts_.settings->state_dir / "passing", tenant_));
  PV_TRY(const std::vector<ingest::FileReading> earlier, earlier_files(deliveries));
  std::vector<model::Delivery> before;
  for (const ingest::FileReading& reading : earlier) before.push_back(delivery_of(reading));
  if (!before.empty()) {
    if (auto written = scratch.writer().write(before); !written) return fail(as_away(std::move(written).error()));
  }
  PV_TRY(std::vector<model::DeliveryOutcome> outcomes, scratch.writer().write(deliveries));
  std::vector<model::Stretch> stretches;
  for (std::size_t d = 0; d < deliveries.size(); ++d) {
    for (model::Stretch& stretch : ingest::stretches_of(deliveries[d])) {
      stretch.change = outcomes[d].samples_replaced > 0 ? model::Change::changed : model::Change::added;
      stretches.push_back(std::move(stretch));
    }
  }
  PV_TRY(const auto reader, store::Reader::open(scratch.path()));
  PV_TRY(const auto truth, reader->snapshot(1));
  PV_TRY_VOID(send(*truth, stretches, deliveries));
  fault_point("passing.sent");
  PV_TRY_VOID(parts_.periods->add(tenant_, deliveries));
  return outcomes;
}

}  // namespace pv::app
