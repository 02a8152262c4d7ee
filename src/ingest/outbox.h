#pragma once
/// What copies of the samples in other systems still lack: one entry a stretch of rows and sink, in `<state>/outbox.sqlite`.
///
/// An entry is announced before the samples are committed and let go after it; so a crash between leaves one too many, never one too few. It is
/// taken out when the copy has its rows. The samples themselves are not in it: they are read from where they are kept when they are sent, which is
/// why a correction reaches the copy by the same way, and why an outage of any length costs a few dozen bytes a file.
///   Durable: each call is one transaction, on disk when it returns.
///   Processes: several may use it; announce() and recover() only the holder of IntakeLock.
///   Errors: io, unavailable (locked for too long), corrupt: name the file. Threads: safe.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/sink_facts.h"
#include "model/delivery.h"
#include "model/mirror.h"

namespace pv {
class Database;
}

namespace pv::ingest {

struct OutboxEntry {
  std::int64_t id = 0;  // grows with time
  model::TenantName tenant;
  model::Stretch stretch;
  std::string file, device_folder;  // what it came with; "" for a backfill
  std::string digest;               // hex; ""
};

/// A point that a sink will never take, and where it came from.
struct RefusedRow {
  std::string sink, tenant;
  model::RefusedPoint point;
  std::string file;        // "<campaign>/<device>/<file>"; "" when it is not known
  std::uint32_t line = 0;  // 0: not known
  std::string digest;      // of that file, hex; ""
  std::int64_t at_s = 0;
};

/// What an outcome refused, from no known file.
std::vector<RefusedRow> refused_rows(const std::string& sink, const model::TenantName& tenant, const model::MirrorOutcome& outcome);

/// How a sink is doing.
struct SinkStanding {
  std::string sink;
  std::uint64_t waiting = 0;      // entries
  std::int64_t oldest_s = 0;      // when the oldest of them was made; 0 when none waits
  std::uint64_t refused = 0;      // points it will never take
  std::string trouble;            // why nothing goes on; "" when all is well
  std::int64_t trouble_since_s = 0;
};

class Outbox {
 public:
  enum class Access : std::uint8_t { read_only, read_write };
  /// `sinks`: the copies that are kept now. Entries of others stay as they are.
  /// Errors: also not_found: read_only, and there is none yet.
  static Result<std::unique_ptr<Outbox>> open(const std::filesystem::path& state_dir, std::vector<std::string> sinks, Access access = Access::read_write,
                                              std::function<std::int64_t()> now_s = {});
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  [[nodiscard]] const std::vector<std::string>& sinks() const noexcept { return sinks_; }

  /// Entries of one call of announce(); one group a delivery, in their order.
  using Announced = std::vector<std::vector<std::int64_t>>;
  /// What these deliveries may change, for each sink.
  Result<Announced> announce(const model::TenantName& tenant, std::span<const model::Delivery> deliveries);
  /// They are committed: entries of those that changed nothing are taken out, the others may be sent. As many outcomes as groups.
  Result<void> let_go(const Announced& announced, std::span<const model::DeliveryOutcome> outcomes);
  /// They are committed, and what they changed is not known.
  Result<void> let_all_go(const Announced& announced);
  /// They were not committed.
  Result<void> withdraw(const Announced& announced);
  /// After a start: what was announced by a program that is gone may be sent, as if it had changed something. Returns how many.
  Result<std::uint64_t> recover();
  /// Puts stretches in by hand (backfill, repair) for one sink.
  Result<void> add(const std::string& sink, const model::TenantName& tenant, std::span<const model::Stretch> stretches);

  /// The oldest entry that may be sent to a sink, and those of the same tenant after it; in their order, `most` at most. Empty when none waits.
  /// Tenants of `passed_over` are left out.
  Result<std::vector<OutboxEntry>> next(const std::string& sink, std::size_t most, const std::set<std::string>& passed_over = {});
  /// The copy has them.
  Result<void> done(std::span<const OutboxEntry> entries);
  /// These stretches were taken, all but these rows: what was listed of them before is listed no longer.
  Result<void> list_refused(const std::string& sink, const model::TenantName& tenant, std::span<const model::Stretch> stretches, std::span<const RefusedRow> rows);
  /// "" when all is well again. Costs nothing when it says what it said last.
  Result<void> note_trouble(const std::string& sink, const std::string& trouble);

  /// Lines about what was ingested, for a sink that keeps such (InfluxDB's meta bucket). Beyond 100,000 the oldest are dropped: they are no samples.
  Result<void> add_line(const std::string& sink, std::string_view line);
  struct Line {
    std::int64_t id = 0;
    std::string text;
  };
  /// The oldest, `most` at most, and of no more than a megabyte (one at least).
  Result<std::vector<Line>> next_lines(const std::string& sink, std::size_t most);
  Result<void> lines_done(std::span<const Line> lines);

  /// The sinks of now that wait for a file of one of these digests, and those that refused a row of it.
  Result<std::map<std::string, SinkFacts>> standing_of(std::span<const std::string> digests);
  Result<std::vector<SinkStanding>> standing();
  Result<std::vector<RefusedRow>> refused(const std::optional<model::TenantName>& tenant, std::size_t limit);  // newest first
  /// Forgets a company, or one of its campaigns.
  Result<void> forget(const model::TenantName& tenant, const std::optional<model::CampaignName>& campaign);

 private:
  Outbox(std::unique_ptr<Database> database, std::vector<std::string> sinks, std::function<std::int64_t()> now_s);

  std::mutex mutex_;
  std::unique_ptr<Database> database_;
  std::vector<std::string> sinks_;
  std::function<std::int64_t()> now_s_;
  std::map<std::string, std::string> last_trouble_;
};

/// The stretches that a delivery touches: one a logger, from its first row or event to its last.
[[nodiscard]] std::vector<model::Stretch> stretches_of(const model::Delivery& delivery);

}  // namespace pv::ingest
