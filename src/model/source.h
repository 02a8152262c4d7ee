#pragma once
/// Where curves are read from: one tenant's samples as they stood at one moment.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/names.h"
#include "model/sample_block.h"

namespace pv::model {

template <class Tag>
struct Id {
  std::int64_t value = 0;
  auto operator<=>(const Id&) const = default;
};
using CampaignId = Id<struct CampaignIdTag>;
using LoggerId = Id<struct LoggerIdTag>;
using ChannelId = Id<struct ChannelIdTag>;

/// Instants from <= t < to, Unix seconds.
struct Period {
  std::int64_t from_s = 0;
  std::int64_t to_s = 0;
  [[nodiscard]] bool empty() const noexcept { return to_s <= from_s; }
  bool operator==(const Period&) const = default;
};

struct LastFile {
  std::string name;
  std::int64_t stored_at_s = 0;
};

struct LoggerSummary {
  LoggerId id;
  std::string sn;
  std::int64_t step_s = 0;  // its usual distance between rows; 0 when unknown
  std::uint64_t rows = 0;
  std::uint64_t samples = 0;
  std::optional<Period> period;  // [first row, last row + 1)
  std::uint32_t channels = 0;
  LastFile last_file;
};

struct CampaignSummary {
  CampaignId id;
  std::string name;
  std::vector<LoggerSummary> loggers;  // by serial
  std::uint64_t files = 0;
  std::uint64_t conflicts = 0;
};

/// A logger with the campaign it is in.
struct LoggerOfCampaign {
  CampaignId campaign;
  LoggerSummary logger;
};

struct ChannelSummary {
  ChannelId id;
  LoggerId logger;
  Channel channel;
  std::string field;  // device_first field name: the identity
};

struct LoggerEvent {
  LoggerId logger;
  Event event;
};

/// A cell for which files disagree, and the value that lost.
struct Conflict {
  ChannelId channel;
  std::int64_t time_s = 0;
  double value = 0;       // the value that lost
  std::string file_name;  // the best file that says so
};

struct StoredFile {
  std::string name;
  std::string device_folder;
  std::string digest_hex;
  std::uint64_t size = 0;
  std::string zone;
  std::int64_t stored_at_s = 0;
};

/// A run of one logger's rows that has not been read yet. Blocks of a logger do not overlap in time.
struct BlockRef {
  LoggerId logger;
  std::int64_t first_s = 0;  // first row
  std::int64_t last_s = 0;   // last row
  std::uint32_t rows = 0;
  std::int64_t step_s = 0;     // its usual distance between rows; 0 when it has too few to tell
  std::uint64_t handle = 0;    // meaning known to the snapshot alone
};

/// One tenant's samples at one moment; later writes do not show.
///   Errors: corrupt names the block (a damaged block never gives a curve); not_found; io.
///   Threads: the catalogue calls belong to one thread; read() may run on several threads at once when each passes
///   a `worker` number of its own below the count given to SampleSource::snapshot().
class SampleSnapshot {
 public:
  virtual ~SampleSnapshot() = default;

  /// Grows with every change of the tenant's samples.
  [[nodiscard]] virtual std::uint64_t generation() const = 0;
  virtual Result<std::vector<CampaignSummary>> campaigns() = 0;
  /// Errors: not_found names the campaign.
  virtual Result<CampaignSummary> campaign(const CampaignName& name) = 0;
  /// By its serial number; nothing when the campaign or the logger is not there. Cost: that of one logger, however many there are.
  virtual Result<std::optional<LoggerOfCampaign>> logger(const CampaignName& campaign, std::string_view sn) = 0;
  virtual Result<std::vector<ChannelSummary>> channels(CampaignId campaign) = 0;
  /// Events of a campaign in a period, by time.
  virtual Result<std::vector<LoggerEvent>> events(CampaignId campaign, Period period) = 0;
  virtual Result<std::vector<Conflict>> conflicts(CampaignId campaign, Period period, std::size_t limit) = 0;
  virtual Result<std::vector<StoredFile>> files(CampaignId campaign, std::size_t limit) = 0;
  /// Blocks of a logger that may hold rows with from <= t < to, in time order.
  virtual Result<std::vector<BlockRef>> blocks(LoggerId logger, Period period) = 0;
  /// Stamp of the logger's last row before an instant; nothing when there is none.
  virtual Result<std::optional<std::int64_t>> row_before(LoggerId logger, std::int64_t time_s) = 0;
  /// Replaces `out` with all rows of a block: its time column, and one column for each wanted channel in the order of
  /// `wanted` (all missing when the block has no such channel). Reuses the memory of `out`.
  virtual Result<void> read(unsigned worker, const BlockRef& block, std::span<const ChannelId> wanted, SampleBlock& out) = 0;
};

/// Opens snapshots of one tenant. Threads: safe.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  /// A counter that grows with every change; cheap enough to ask several times a second.
  virtual Result<std::uint64_t> generation() = 0;
  virtual Result<std::unique_ptr<SampleSnapshot>> snapshot(unsigned workers) = 0;
};

/// The tenants an installation has samples of. Threads: safe.
class SourceDirectory {
 public:
  virtual ~SourceDirectory() = default;
  virtual Result<std::vector<TenantName>> tenants() = 0;
  /// Errors: not_found names the tenant.
  virtual Result<std::shared_ptr<SampleSource>> open(const TenantName& tenant) = 0;
};

}  // namespace pv::model
