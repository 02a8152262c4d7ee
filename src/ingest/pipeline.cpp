#include "ingest/pipeline.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "ingest/filing.h"

namespace pv::ingest {
namespace {

using Batch = std::vector<FoundFile>;
using Readings = std::vector<FileReading>;

/// Files of one tenant side by side, oldest first; misplaced ones at the end.
std::vector<Batch> into_batches(std::vector<FoundFile> files, std::uint64_t batch_bytes) {
  const auto key = [](const FoundFile& file) {
    const bool misplaced = !file.place;
    const std::string name = file.path.filename().string();
    return std::tuple(misplaced, misplaced ? "" : file.place->tenant.str(), misplaced ? "" : file.place->campaign.str(),
                      misplaced ? "" : file.place->device.str(), model::stamp_of_name(name), file.path.string());
  };
  std::vector<std::pair<decltype(key(files[0])), std::size_t>> order;
  order.reserve(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) order.emplace_back(key(files[i]), i);
  std::sort(order.begin(), order.end());

  std::vector<Batch> batches;
  std::uint64_t bytes = 0;
  for (const auto& [_, index] : order) {
    FoundFile& file = files[index];
    const bool same_tenant = !batches.empty() && batches.back().front().place.has_value() == file.place.has_value() &&
                             (!file.place || batches.back().front().place->tenant == file.place->tenant);
    if (batches.empty() || !same_tenant || bytes + file.size > batch_bytes) {
      batches.emplace_back();
      bytes = 0;
    }
    bytes += file.size;
    batches.back().push_back(std::move(file));
  }
  return batches;
}

Readings read_batch(Batch batch, const ReadingRules& rules, unsigned readers) {
  Readings readings(batch.size());
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    std::vector<char> buffer;
    for (std::size_t i = next++; i < batch.size(); i = next++) readings[i] = read_logger_file(std::move(batch[i]), rules, buffer);
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 1; t < readers && t < batch.size(); ++t) threads.emplace_back(worker);
    worker();
  }
  return readings;
}

void note_outcome(FileRecord& record, model::DeliveryOutcome outcome) {
  record.fate = Fate::stored;
  if (!outcome.other_zone.empty()) {
    record.warnings.push_back(fmt::format("stored_in_another_zone: these bytes were stored before, read in {}; now in {} as well, so their samples "
                                          "lie twice, apart by the difference: erase the campaign and ingest its files again in one zone",
                                          outcome.other_zone, record.zone));
  }
  record.outcome = std::move(outcome);
}

void set_back(FileRecord& record, const Error& error) {
  record.message = error.message();
  if (error.kind() == Errc::invalid_input) {
    record.fate = Fate::rejected;
    record.reason = "refused_by_store";
    return;
  }
  record.fate = Fate::deferred;
  record.reason = error.kind() == Errc::corrupt ? "store_damaged" : "store_unavailable";
}

/// Writes what is ready, all at once; where the store is damaged or refuses a file, file by file, so that no other has to
/// wait.
void write_ready(const Readings& readings, std::vector<FileRecord>& records, model::SampleSink& sink) {
  std::vector<model::Delivery> deliveries;
  std::vector<std::size_t> index;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (readings[i].readiness != Readiness::ready) continue;
    deliveries.push_back(delivery_of(readings[i]));
    index.push_back(i);
  }
  if (deliveries.empty()) return;
  if (auto outcomes = sink.write(deliveries)) {
    for (std::size_t d = 0; d < index.size(); ++d) {
      note_outcome(records[index[d]], std::move((*outcomes)[d]));
    }
    return;
  } else if (outcomes.error().kind() != Errc::corrupt && outcomes.error().kind() != Errc::invalid_input) {
    for (const std::size_t i : index) set_back(records[i], outcomes.error());
    return;
  }
  for (std::size_t d = 0; d < index.size(); ++d) {
    FileRecord& record = records[index[d]];
    if (auto outcome = sink.write(std::span(&deliveries[d], 1))) {
      note_outcome(record, std::move(outcome->front()));
    } else {
      set_back(record, outcome.error());
    }
  }
}

std::vector<FileRecord> settle_fates(const Readings& readings, const RunOptions& options) {
  std::vector<FileRecord> records;
  records.reserve(readings.size());
  const bool dry = options.mode == Mode::dry_run;
  bool any_ready = false;
  for (const FileReading& reading : readings) {
    FileRecord& record = records.emplace_back(record_of(reading));
    switch (reading.readiness) {
      case Readiness::ready:
        any_ready = true;
        record.fate = dry ? Fate::would_store : Fate::deferred;
        break;
      case Readiness::rejected: record.fate = dry ? Fate::would_reject : Fate::rejected; break;
      case Readiness::deferred: record.fate = Fate::deferred; break;
    }
  }
  if (dry || !any_ready) return records;
  auto sink = options.sink_of(readings.front().file.place->tenant);
  if (sink) {
    write_ready(readings, records, **sink);
  } else {
    for (std::size_t i = 0; i < readings.size(); ++i) {
      if (readings[i].readiness == Readiness::ready) set_back(records[i], sink.error());
    }
  }
  return records;
}

}  // namespace

RunReport run(std::vector<FoundFile> files, const RunOptions& options) {
  RunReport report;
  report.mode = options.mode == Mode::dry_run ? "dry_run" : "ingest";
  Progress progress;
  progress.files_total = files.size();
  std::vector<Batch> batches = into_batches(std::move(files), options.batch_bytes);

  const auto start_reading = [&](std::size_t b) {
    // A single file is not worth a thread: the hand-over would cost more than reading it.
    const auto policy = batches.size() == 1 ? std::launch::deferred : std::launch::async;
    return std::async(policy, [&, b] { return read_batch(std::move(batches[b]), options.rules, options.readers); });
  };
  Filing filing(report.problems);
  std::future<void> moving;
  std::future<Readings> reading;
  if (!batches.empty()) reading = start_reading(0);
  for (std::size_t b = 0; b < batches.size() && !options.stop.stop_requested(); ++b) {
    const Readings readings = reading.get();
    if (b + 1 < batches.size()) reading = start_reading(b + 1);
    std::vector<FileRecord> records = settle_fates(readings, options);
    if (moving.valid()) moving.get();
    for (const FileRecord& record : records) {
      ++progress.files_done;
      if (record.fate == Fate::stored || record.fate == Fate::would_store) progress.samples += record.samples;
    }
    const auto file_all = [&report, &filing, batch = std::move(records)]() mutable {
      for (FileRecord& record : batch) {
        filing.file_away(record);
        report.files.push_back(std::move(record));
      }
    };
    if (b + 1 < batches.size()) {
      moving = std::async(std::launch::async, std::move(file_all));
    } else {
      auto last = std::move(file_all);
      last();
    }
    if (options.progress) options.progress(progress);
  }
  if (moving.valid()) moving.get();
  if (reading.valid()) reading.wait();
  report.not_reached = progress.files_total - report.files.size();
  if (report.not_reached > 0) {
    report.problems.push_back(fmt::format("stopped on request: {} files were not reached; the next run takes them", report.not_reached));
  }
  return report;
}

}  // namespace pv::ingest
