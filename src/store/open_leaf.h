#pragma once
/// The leaves that one write touches, held in memory until it is flushed: found, loaded when rows overlap, split when they
/// overflow. Part of a write transaction.
///   Threads: confined to the writer's thread, but for the encoding that flush() spreads over threads of its own.
///   Errors: those of Database; corrupt names the block.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "codec/scratch.h"
#include "store/catalogue.h"
#include "store/leaf.h"
#include "store/partition.h"

namespace pv::store {

class OpenLeaves {
 public:
  static Result<std::unique_ptr<OpenLeaves>> open(Database& database, Catalogue& catalogue, unsigned encoders);

  /// Adds rows of one file to a logger, merging where they meet others.
  Result<void> add(std::int64_t logger, const IncomingRows& incoming, MergeTally& tally, std::vector<Contest>& contests);
  /// Makes every leaf that has gathered more than `max_tails` blocks one block. False when there was none.
  Result<bool> settle(std::size_t max_tails);
  /// Writes what changed; afterwards nothing is held.
  Result<void> flush();
  /// Drops what is held, unwritten.
  void drop() { open_.clear(); }

 private:
  struct StoredBlock {
    std::int64_t id = 0;
    std::uint32_t rows = 0;
  };
  struct OpenLeaf {
    LeafKey key;
    std::vector<StoredBlock> stored;   // its blocks on disk, in time order
    std::size_t stored_rows = 0;
    std::int64_t stored_last_s = INT64_MIN;
    bool loaded = false;   // `leaf` holds the stored rows too; they are then replaced on flush
    bool changed = false;
    Leaf leaf;
  };
  struct OpenKey {
    std::int64_t logger;
    std::int64_t start_s;
    auto operator<=>(const OpenKey&) const = default;
  };
  struct EncodedBlock;

  OpenLeaves(Database& database, Catalogue& catalogue, unsigned encoders);

  Result<OpenLeaf*> find(std::int64_t logger, std::int64_t time_s);
  Result<LeafKey> locate(std::int64_t logger, std::int64_t time_s);
  Result<void> load(OpenLeaf& open);
  Result<void> split(std::int64_t logger, std::int64_t start_s);

  Database* database_;
  Catalogue* catalogue_;
  unsigned encoders_;
  codec::Scratch scratch_;
  std::map<OpenKey, OpenLeaf> open_;
  Statement block_before_, block_from_, leaf_blocks_, data_, add_block_, remove_block_, many_blocks_;
};

}  // namespace pv::store
