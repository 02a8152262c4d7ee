#include "ingest/intake.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/fault.h"
#include "ingest/told_text.h"

namespace pv::ingest {
namespace {

void add_setback(const FileRecord& record, std::vector<Setback>& setbacks) {
  for (Setback& setback : setbacks) {
    if (setback.fate != record.fate || setback.reason != record.reason) continue;
    ++setback.files;
    return;
  }
  setbacks.push_back({record.fate, record.reason, 1, known_as(record), record.message});
}

IntakeChange change_of(const std::string& tenant, const std::vector<FileId>& files, RunReport&& report, double seconds) {
  IntakeChange change;
  change.tenant = tenant;
  change.seconds = seconds;
  change.files = files;
  for (const FileRecord& record : report.files) {
    if (record.fate != Fate::stored) add_setback(record, change.setbacks);
    switch (record.fate) {
      case Fate::stored:
        ++change.stored;
        change.samples += record.samples;
        break;
      case Fate::rejected: ++change.rejected; break;
      default: record.evidence.empty() ? ++change.postponed : ++change.held; break;
    }
  }
  change.problems = std::move(report.problems);
  return change;
}

/// Gives claims back that the ledger could not be told the outcome of.
void give_back(Ledger& ledger, std::vector<FileId>& files) {
  if (files.empty()) return;
  std::vector<Ledger::Step> steps;
  for (const FileId file : files) {
    steps.push_back({.id = file, .event = FileEvent::postpone, .reason = "ledger_unavailable", .message = "the ledger could not be written", .next_attempt_s = unix_now_s()});
  }
  const auto recorded = ledger.record(steps);
  if (recorded || recorded.error().kind() == Errc::conflict) files.clear();
}

}  // namespace

Intake::Intake(IntakeOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<Intake>> Intake::start(IntakeOptions options) {
  PV_TRY([[maybe_unused]] const std::uint64_t recovered, options.run.ledger->recover(unix_now_s()));
  std::unique_ptr<Intake> intake(new Intake(std::move(options)));
  for (unsigned w = 0; w < std::max(1U, intake->options_.workers); ++w) {
    intake->workers_.emplace_back([self = intake.get()](const std::stop_token& stop) { self->work(stop); });
  }
  return intake;
}

Intake::~Intake() { stop(); }

void Intake::wake() {
  {
    const std::lock_guard lock(mutex_);
    ++calls_;
  }
  changed_.notify_all();
}

void Intake::stop() {
  for (std::jthread& worker : workers_) worker.request_stop();
  wake();
  workers_.clear();  // joins
}

void Intake::work(const std::stop_token& stop) {
  // Other processes put files on record too, and persons decide: nobody wakes us for those.
  constexpr std::chrono::seconds kLongestSleep{1};
  while (!stop.stop_requested()) {
    std::uint64_t calls = 0;
    {
      const std::lock_guard lock(mutex_);
      calls = calls_;
    }
    if (take_some(stop)) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kLongestSleep, [&] { return calls_ != calls; });
  }
}

bool Intake::take_some(const std::stop_token& stop) {
  Ledger& ledger = *options_.run.ledger;
  auto claimed = ledger.claim(options_.most_files, options_.most_bytes, unix_now_s());
  if (!claimed) {
    if (options_.log) options_.log(claimed.error().message());
    return false;
  }
  if (claimed->empty()) return false;
  fault_point("ingest.claimed");
  const std::string tenant = claimed->front().tenant;
  std::vector<FileId> files;
  for (const LedgerEntry& entry : *claimed) files.push_back(entry.id);
  const auto begin = std::chrono::steady_clock::now();
  RunOptions run_options = options_.run;
  run_options.stop = stop;
  const std::int64_t start_ms = unix_now_ms();
  RunReport report = run(std::move(*claimed), run_options);
  report.start_ms = start_ms;
  report.end_ms = unix_now_ms();
  if (options_.on_report) {
    const std::lock_guard lock(announcing_);
    options_.on_report(report);
  }
  std::vector<FileId> unrecorded = std::move(report.unrecorded);
  give_back(ledger, unrecorded);
  metrics_.add(report);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  announce(change_of(tenant, files, std::move(report), seconds));
  // As long as the ledger takes no word of them, nobody else may have the tenant's files.
  while (!unrecorded.empty() && !stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    lock.unlock();
    give_back(ledger, unrecorded);
  }
  ledger.release_tenant(tenant);
  return true;
}

void Intake::announce(const IntakeChange& change) {
  {
    const std::lock_guard lock(mutex_);
    ++batches_;
  }
  changed_.notify_all();
  const std::lock_guard lock(announcing_);
  if (options_.on_change) options_.on_change(change);
}

Result<LedgerEntry> Intake::wait_settled(FileId id, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (true) {
    std::uint64_t batches = 0;
    {
      const std::lock_guard lock(mutex_);
      batches = batches_;
    }
    PV_TRY(LedgerEntry entry, options_.run.ledger->entry(id));
    if (entry.is_settled() || std::chrono::steady_clock::now() >= end) return entry;
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, std::min(end, std::chrono::steady_clock::now() + std::chrono::milliseconds(250)), [&] { return batches_ != batches; });
  }
}

void Intake::write_metrics(std::string& out) { metrics_.write(*options_.run.ledger, out); }

}  // namespace pv::ingest
