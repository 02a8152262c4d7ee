#pragma once
/// Finds files that come into the data folder by other ways than the desk, and puts them on record once they are whole.
///
///   Events (inotify) of the data folder, its companies, campaigns and devices tell at once; a look through all folders every
///   `scan_interval` finds what they missed (overflow, network mounts, files from before the start).
///   Whole: it ends in END_DATA; or a hook named it; or its size and time stood still for `grace`, on a clock that does not jump,
///   and no program has it open for writing.
///   What an interrupted transfer has left becomes a file after the same grace (Desk::adopt).
///   Events in the spool are read and removed.
///   Threads: one of its own; safe.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/desk.h"
#include "ingest/ledger.h"
#include "ingest/spool.h"
#include "ingest/usage.h"

namespace pv::ingest {

struct WatchOptions {
  std::filesystem::path data_folder;
  Ledger* ledger = nullptr;
  Desk* desk = nullptr;
  const Spool* spool = nullptr;      // null: no hooks
  Usage* usage = nullptr;            // null: nothing to count
  std::chrono::milliseconds grace{60'000};
  std::chrono::milliseconds scan_interval{60'000};
  std::chrono::milliseconds recount_interval{3'600'000};
  std::function<void()> wake = {};   // files are on record
  std::function<void(const model::TenantName&, const model::CampaignName&)> campaign_made = {};  // somebody made its folder
  std::function<void(std::string_view)> log = {};  // what cannot be watched or listed, and hooks that were ignored; once a cause
};

class Watch {
 public:
  static Result<std::unique_ptr<Watch>> start(WatchOptions options);
  ~Watch();  // ends its thread

  /// Looks through all folders now; returns when that is done.
  void rescan();
  /// An event of a hook that came over HTTP. Returns what it means, in words.
  std::string take(const HookEvent& event);
  /// Files that are there and not yet whole.
  [[nodiscard]] std::uint64_t growing() const;

 private:
  class State;
  explicit Watch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::ingest
