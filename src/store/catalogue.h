#pragma once
/// Names to ids within one store: campaigns, files, loggers, channels. Part of a write transaction.
///   Threads: confined to the writer's thread.
///   Errors: those of Database; invalid_input when a logger would get more channels than a block can hold.

#include <array>
#include <compare>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "model/delivery.h"
#include "store/leaf.h"

namespace pv::store {

/// What decides between two files: the later stamp in the name, then the greater digest, then the zone it was read with.
struct FileRank {
  std::int64_t stamp = 0;
  model::Digest digest{};
  std::string zone;
  auto operator<=>(const FileRank&) const = default;
};

class Catalogue {
 public:
  static Result<std::unique_ptr<Catalogue>> open(Database& database);

  /// Forgets what was remembered: needed when another process has written, or a transaction was rolled back.
  void forget();

  Result<std::int64_t> campaign(const std::string& name);

  struct FileEntry {
    std::int64_t id = 0;
    bool known = false;   // these bytes were there before
    std::string other_zone = {};  // new in this zone, but these bytes were read in that one before
    bool raised = false;  // known, but under a name with an earlier stamp: its cells may win now
  };
  /// The same bytes under several names are one file; it goes by the latest of them.
  Result<FileEntry> file(std::int64_t campaign, const model::FileOrigin& origin, std::int64_t now_s);

  Result<std::int64_t> logger(std::int64_t campaign, const std::string& sn);

  /// The channels of a table as ids, in its order; new ones are made. A layout is one spelling of a logger's header; it
  /// remembers the highest-ranked file that has it, and so the names by which channels go do not depend on arrival.
  /// The span lives until the next call.
  Result<std::span<const std::int64_t>> layout(std::int64_t logger, std::span<const model::Channel> channels, std::int64_t file);

  Result<FileRank> rank(std::int64_t file);

  /// True when `a` ranks below `b`: provisional below whole, then by file rank.
  Result<bool> ranks_below(Origin a, Origin b);

 private:
  explicit Catalogue(Database& database) : database_(&database) {}

  struct Layout {
    std::int64_t id = 0;
    std::int64_t best_file = 0;
    std::vector<std::int64_t> channels;
  };
  using Signature = std::array<std::byte, 16>;

  Result<FileEntry> add_file(std::int64_t campaign, const model::FileOrigin& origin, std::int64_t now_s);
  Result<std::int64_t> channel(std::int64_t logger, const model::Channel& channel);
  Result<void> check_channel_count(std::int64_t logger);
  Result<Layout> load_layout(std::int64_t logger, const Signature& signature, std::span<const model::Channel> channels,
                             std::int64_t file);

  Database* database_;
  Statement find_campaign_, add_campaign_, find_file_, other_zone_, add_file_, rename_file_, rank_, find_logger_, add_logger_, find_channel_,
      add_channel_, count_channels_, find_layout_, add_layout_, layout_channels_, add_layout_channel_, set_best_file_;
  std::map<std::string, std::int64_t> campaigns_;
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> loggers_;
  std::map<std::pair<std::int64_t, Signature>, Layout> layouts_;
  std::unordered_map<std::int64_t, FileRank> ranks_;
};

}  // namespace pv::store
