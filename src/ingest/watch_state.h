#pragma once
/// What Watch knows. For the sources of that class only.
///   Threads: what is not said to be for all is its own thread's.

#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/folder.h"
#include "ingest/folder_events.h"
#include "ingest/stillness.h"
#include "ingest/watch.h"

namespace pv::ingest {

class Watch::State {
 public:
  explicit State(WatchOptions given);
  ~State();
  void begin();

  // For all threads.
  void rescan();
  std::string take(const HookEvent& event);
  [[nodiscard]] std::uint64_t growing() const { return growing_.load(std::memory_order_relaxed); }

 private:
  using Clock = Stillness::Clock;
  struct Reported {
    FileIdentity identity;
    std::uint64_t look;  // the last one that met it
  };
  /// What an event of a hook comes to.
  struct Order {
    std::string note;
    std::optional<Ledger::Arrival> arrival;
  };

  void run();
  void turn(const std::vector<FolderEvent>& events);
  void heed(const std::vector<FolderEvent>& events);
  void read_spool();
  void look_at_those_due();
  [[nodiscard]] std::chrono::milliseconds time_to_wait() const;

  void look_through_all();
  void look_through(const std::string& folder, model::Way way);
  void look_at_folder(const std::string& folder, model::Way way, std::vector<std::string>& below);
  void look_at(const std::string& path, model::Way way);
  void meet(const std::string& path, const struct stat& status, model::Way way);
  void meet_file(const std::string& path, const struct stat& status, model::Way way);
  void meet_partial(const std::string& path, const struct stat& status, model::Way way);
  void hand_over();
  void hand_over_if_many();
  [[nodiscard]] bool is_on_record(const std::string& path, const FileIdentity& identity);

  // For all threads.
  [[nodiscard]] Order order_of(const HookEvent& event);
  void ask_for_look();
  void met_campaign(std::string_view path, model::Way way);
  /// `cause`: what makes it the same thing; none: the text.
  void say_once(std::set<std::string>& said, std::string_view text, std::string_view cause = {});
  [[nodiscard]] bool is_arriving(std::string_view path) const { return options_.desk != nullptr && options_.desk->is_arriving(path); }

  WatchOptions options_;
  FolderEvents events_;
  Stillness still_;
  std::atomic<std::uint64_t> growing_{0};
  std::optional<Folder> root_;                           // opened anew by each look: it may have been mounted meanwhile
  std::map<std::string, Reported, std::less<>> reported_;  // so that a look does not report what waits again and again
  std::vector<Ledger::Arrival> pending_;
  std::atomic<std::uint64_t> look_{0};                   // how many there were, with the one at hand
  Clock::time_point next_look_, next_recount_, spool_due_;
  std::stop_token stop_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable looked_;
  std::uint64_t looks_wanted_ = 0, looks_done_ = 0;
  bool is_over_ = false;
  struct Campaign {
    bool is_announced;
    std::uint64_t look;
  };
  std::map<std::string, Campaign, std::less<>> campaigns_;  // "<tenant>/<campaign>"
  std::set<std::string> said_of_folders_, said_of_hooks_;
  std::set<std::string> said_before_;  // of folders, by the look before: what is mended and breaks again is said again

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace pv::ingest
