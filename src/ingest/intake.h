#pragma once
/// Takes files from the ledger as they fall due and deals with them, as long as it lives: `serve`'s way of ingesting.
///
///   Threads of its own: `workers`. Each claims due files of one tenant, runs them (ingest/pipeline.h) and gives the tenant back, so
///   a tenant has one writer; tenants go in parallel. Idle, they wait for wake(), the next due file, or a second.
///   Memory: bounded by `most_files` and `most_bytes` a claim and worker, however many files wait.
///   Its user holds IntakeLock while it lives.
///   Threads: safe. Callbacks come from the workers, one at a time.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "ingest/intake_metrics.h"
#include "ingest/ledger.h"
#include "ingest/pipeline.h"

namespace pv::ingest {

/// Why some files of a claim were not stored: those of one reason together.
struct Setback {
  Fate fate = Fate::deferred;
  std::string reason;
  std::uint64_t files = 0;
  std::string first, message;  // the first of them, below the data folder, and what is said of it in full
};

/// What became of the files of one claim.
struct IntakeChange {
  std::string tenant;
  std::uint64_t stored = 0, rejected = 0, held = 0, postponed = 0, samples = 0;
  double seconds = 0;
  std::vector<FileId> files;
  std::vector<Setback> setbacks;
  std::vector<std::string> problems;  // of the run as a whole: for the log
};

struct IntakeOptions {
  /// Its `ledger` and `data_folder` are set; `sink_of` is called by several workers, each for another tenant at a time.
  RunOptions run;
  unsigned workers = 2;
  std::size_t most_files = 256;            // of one claim
  std::uint64_t most_bytes = 24U << 20;    // of one claim, but for a single larger file
  std::function<void(const IntakeChange&)> on_change = {};
  std::function<void(const RunReport&)> on_report = {};  // of one claim, with its times; before on_change
  std::function<void(std::string_view)> log = {};  // what went wrong with the ledger itself
};

class Intake {
 public:
  /// Recovers what a program that is gone has left unfinished, and starts.
  static Result<std::unique_ptr<Intake>> start(IntakeOptions options);
  ~Intake();  // as stop()

  /// Something may be due.
  void wake();
  /// Lets the batches at hand end and takes nothing more.
  void stop();
  /// The entry once it is settled or held, or as it is when the time is over.
  Result<LedgerEntry> wait_settled(FileId id, std::chrono::milliseconds most);

  /// Figures in the text format of Prometheus: files by state, rows, samples, faults by kind, seconds by stage, last file by device.
  void write_metrics(std::string& out);

 private:
  explicit Intake(IntakeOptions options);
  void work(const std::stop_token& stop);
  bool take_some(const std::stop_token& stop);
  void announce(const IntakeChange& change);

  IntakeOptions options_;
  IntakeMetrics metrics_;
  std::mutex announcing_;  // one callback at a time
  std::mutex mutex_;       // guards what follows
  std::condition_variable_any changed_;
  std::uint64_t calls_ = 0;    // wake() so far
  std::uint64_t batches_ = 0;  // dealt with so far
  std::vector<std::jthread> workers_;
};

}  // namespace pv::ingest
