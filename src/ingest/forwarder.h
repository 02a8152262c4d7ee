#pragma once
/// Keeps one copy of the samples up to date: takes what the outbox lists for a sink, in its order, as long as it lives.
///
///   A thread of its own. It is never in the way of an arrival: files are committed and filed whether the copy can be reached or not.
///   A company that fails is passed over for a while, longer each time, and the others go on: for 1 s at first, doubled up to 15 minutes; for a
///   minute at first where trying sooner is of no use (a credential, a setting). The same holds for the lines about what was ingested.
///   Whether it is the whole sink that fails is asked of it (`probe`). Then nothing is tried for 1 s, doubled up to a minute; a refused credential
///   every minute, so that a new one is found by itself; never before the moment that the other system asked for. Trouble is said once in the log and
///   stands in the outbox until all is well.
///   One program sends to a sink at a time (ingest/sink_turn.h).
///   Memory: bounded by one call's entries (`most_entries`) and what the copy needs (model/mirror.h), however much waits.
///   Threads: safe. Callbacks come from its thread.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "ingest/outbox.h"
#include "ingest/sink_turn.h"
#include "model/mirror.h"
#include "model/source.h"

namespace pv::ingest {

struct ForwarderOptions {
  std::string sink;
  Outbox* outbox = nullptr;                  // borrowed
  model::SourceDirectory* truth = nullptr;   // borrowed: where the samples are kept; null: entries stay, lines alone are sent
  /// The copy of a tenant; owned by the caller and kept as long as the forwarder lives. Called again after an error.
  std::function<Result<model::Mirror*>(const model::TenantName&)> mirror_of;
  /// Where a refused point came from, as well as it can be told: fills in file and line. May be empty.
  std::function<void(RefusedRow&, const OutboxEntry&)> locate = {};
  /// Asks the other system whether it serves us at all. Empty: what fails is always one company's affair.
  std::function<Result<void>()> probe = {};
  /// Waits until no other program sends to the sink. Empty: there is none.
  std::function<Result<SinkTurn>(const std::function<bool()>& is_stopped)> turn = {};
  /// Sends whole lines about what was ingested; sets the Unix seconds before which the other system asked to be left alone. Empty: this sink keeps
  /// none.
  std::function<Result<void>(std::string_view, std::int64_t& not_before_s)> send_lines = {};
  std::function<void(std::string_view)> log = {};
  std::size_t most_entries = 256;
  std::chrono::milliseconds first_wait{1'000};
  std::chrono::milliseconds longest_wait{60'000};
  std::chrono::milliseconds longest_hold{15 * 60'000};  // of one company
};

class Forwarder {
 public:
  static std::unique_ptr<Forwarder> start(ForwarderOptions options);
  ~Forwarder();  // lets the call at hand end

  /// Something was put in.
  void wake();
  /// Waits until nothing of this sink waits or something is wrong with it, `most` at the longest. True when nothing waits.
  bool wait_drained(std::chrono::milliseconds most);
  /// Whether something is wrong with the sink, or with all that waits for it.
  [[nodiscard]] bool is_in_trouble() const;

  struct Figures {
    std::uint64_t points = 0, requests = 0, refused = 0, setbacks = 0;
  };
  [[nodiscard]] Figures figures() const;

 private:
  explicit Forwarder(ForwarderOptions options);
  void work(const std::stop_token& stop);
  enum class Step : std::uint8_t { idle, went_on, set_back, held };
  using Clock = std::chrono::steady_clock;
  struct Hold {
    Clock::time_point until;
    std::chrono::milliseconds length{0};
  };
  Step forward_some();
  Step forward_lines();
  Result<void> forward(const std::vector<OutboxEntry>& entries, std::int64_t& not_before_s);
  Step set_back(const Error& error, std::int64_t not_before_s);
  Step hold(const std::string& whose, const Error& error, std::int64_t not_before_s);
  Step wait_for_held();
  void all_is_well(const std::string& whose);
  void note_trouble(const std::string& trouble);
  std::set<std::string> held_now() const;
  std::vector<RefusedRow> refused_of(const model::TenantName& tenant, const std::vector<OutboxEntry>& entries, const model::MirrorOutcome& outcome);
  void say(const std::string& line) const;

  ForwarderOptions options_;
  std::stop_token stop_;                   // of the thread alone, as what follows
  std::string trouble_;
  std::chrono::milliseconds back_off_{0};  // grows with each setback
  std::chrono::milliseconds pause_{0};     // until the next try
  std::map<std::string, Hold> held_;       // companies that failed, until they are served; "" for the lines
  mutable std::mutex mutex_;               // guards what follows
  std::condition_variable_any changed_;
  Figures figures_;
  std::uint64_t calls_ = 0;                // wake() so far
  Step last_ = Step::went_on;
  std::jthread thread_;                    // last: uses all of the above
};

/// The same rows once: stretches of one logger that touch become one, in the order of the first of each; the graver change counts.
[[nodiscard]] std::vector<model::Stretch> joined(std::span<const OutboxEntry> entries);

}  // namespace pv::ingest
