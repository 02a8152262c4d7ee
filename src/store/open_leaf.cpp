#include "store/open_leaf.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "base/check.h"
#include "model/rhythm.h"
#include "store/block.h"

namespace pv::store {
namespace {

// Below this a block is written quickly, as a tail; from here on it is worth compressing well.
constexpr std::size_t kSettledRows = 1024;
// A leaf with this many blocks is rewritten even while a file waits.
constexpr std::size_t kMaxBlocksOfLeaf = 32;
// One distance alone may be a gap: two are the least that can tell a usual one.
constexpr std::size_t kMinRowsForStep = 3;
// Less than this many cells is not worth starting a thread for.
constexpr std::size_t kCellsForThreads = 200'000;

std::size_t cells(const Leaf& leaf) { return leaf.rows() * leaf.columns.size(); }

}  // namespace

struct OpenLeaves::EncodedBlock {
  std::int64_t logger = 0;
  const OpenLeaf* open = nullptr;
  std::vector<std::byte> bytes;
};

OpenLeaves::OpenLeaves(Database& database, Catalogue& catalogue, unsigned encoders)
    : database_(&database), catalogue_(&catalogue), encoders_(std::max(1U, encoders)) {}

Result<std::unique_ptr<OpenLeaves>> OpenLeaves::open(Database& database, Catalogue& catalogue, unsigned encoders) {
  std::unique_ptr<OpenLeaves> o(new OpenLeaves(database, catalogue, encoders));
  PV_TRY(o->block_before_, database.prepare("SELECT leaf_start_s, leaf_level FROM block WHERE logger=? AND first_s<=? "
                                            "ORDER BY first_s DESC LIMIT 1"));
  PV_TRY(o->block_from_, database.prepare("SELECT leaf_start_s, leaf_level FROM block WHERE logger=? AND first_s>? "
                                          "ORDER BY first_s LIMIT 1"));
  PV_TRY(o->leaf_blocks_, database.prepare("SELECT id, last_s, rows FROM block WHERE logger=? AND first_s>=? AND first_s<? "
                                           "ORDER BY first_s"));
  PV_TRY(o->data_, database.prepare("SELECT data FROM block WHERE id=?"));
  PV_TRY(o->add_block_, database.prepare("INSERT INTO block(logger, first_s, last_s, leaf_start_s, leaf_level, rows, samples, step_s, data) "
                                         "VALUES(?,?,?,?,?,?,?,?,?)"));
  PV_TRY(o->remove_block_, database.prepare("DELETE FROM block WHERE id=?"));
  PV_TRY(o->many_blocks_, database.prepare("SELECT logger, leaf_start_s FROM block GROUP BY logger, leaf_start_s HAVING count(*)>?"));
  return o;
}

Result<LeafKey> OpenLeaves::locate(std::int64_t logger, std::int64_t time_s) {
  // Neighbouring leaves, on disk or held here, bound how far a new leaf may reach.
  std::vector<LeafKey> neighbours;
  for (Statement* statement : {&block_before_, &block_from_}) {
    PV_TRY(const bool found, statement->bind(1, logger).bind(2, time_s).step());
    if (found) neighbours.push_back({statement->integer(0), static_cast<unsigned>(statement->integer(1))});
    statement->reset();
  }
  const auto after = open_.upper_bound({logger, time_s});
  if (after != open_.end() && after->first.logger == logger) neighbours.push_back(after->second.key);
  if (after != open_.begin() && std::prev(after)->first.logger == logger) neighbours.push_back(std::prev(after)->second.key);

  for (unsigned level = kTopLevel;; --level) {
    const LeafKey candidate = leaf_at(time_s, level);
    const bool free = std::none_of(neighbours.begin(), neighbours.end(), [&](const LeafKey& other) {
      return candidate != other && candidate.start_s < other.end_s() && other.start_s < candidate.end_s();
    });
    if (free) return candidate;
    PV_CHECK(level > 0);
  }
}

Result<OpenLeaves::OpenLeaf*> OpenLeaves::find(std::int64_t logger, std::int64_t time_s) {
  const auto after = open_.upper_bound({logger, time_s});
  if (after != open_.begin()) {
    const auto before = std::prev(after);
    if (before->first.logger == logger && before->second.key.contains(time_s)) return &before->second;
  }
  PV_TRY(const LeafKey key, locate(logger, time_s));
  OpenLeaf open;
  open.key = key;
  leaf_blocks_.bind(1, logger).bind(2, key.start_s).bind(3, key.end_s());
  while (true) {
    PV_TRY(const bool more, leaf_blocks_.step());
    if (!more) break;
    open.stored.push_back({leaf_blocks_.integer(0), static_cast<std::uint32_t>(leaf_blocks_.integer(2))});
    open.stored_rows += open.stored.back().rows;
    open.stored_last_s = leaf_blocks_.integer(1);
  }
  leaf_blocks_.reset();
  open.loaded = open.stored.empty();
  return &open_.insert_or_assign({logger, key.start_s}, std::move(open)).first->second;
}

Result<void> OpenLeaves::load(OpenLeaf& open) {
  if (open.loaded) return {};
  Leaf whole;
  for (const StoredBlock& stored : open.stored) {
    PV_TRY(const bool found, data_.bind(1, stored.id).step());
    if (!found) {
      data_.reset();
      return fail(Errc::corrupt, fmt::format("{}: block {} is missing", database_->path().string(), stored.id));
    }
    auto part = decode_block(data_.blob(0), scratch_);
    data_.reset();
    if (!part) {
      return fail(std::move(part).error().with(
          fmt::format("{}: block {} cannot be read (run 'powerview verify', restore a backup or ingest its files again)",
                      database_->path().string(), stored.id)));
    }
    if (whole.rows() == 0) {
      whole = std::move(*part);
    } else {
      if (part->time_s.front() <= whole.time_s.back()) {
        return fail(Errc::corrupt, fmt::format("{}: block {} overlaps the one before it", database_->path().string(), stored.id));
      }
      append_leaf(whole, *part);
    }
  }
  if (open.leaf.rows() > 0) append_leaf(whole, open.leaf);
  open.leaf = std::move(whole);
  open.loaded = true;
  open.changed = true;
  return {};
}

Result<void> OpenLeaves::split(std::int64_t logger, std::int64_t start_s) {
  const auto found = open_.find({logger, start_s});
  OpenLeaf& open = found->second;
  const std::size_t rows = open.leaf.rows() + (open.loaded ? 0 : open.stored_rows);
  if (rows <= kMaxBlockRows) return {};
  PV_TRY_VOID(load(open));
  const LeafKey key = open.key;
  PV_CHECK(key.level > 0);
  OpenLeaf right;
  right.key = {key.middle_s(), key.level - 1};
  right.loaded = true;
  right.changed = true;
  right.leaf = split_leaf(open.leaf, key.middle_s());
  open.key = {key.start_s, key.level - 1};
  open_.insert_or_assign({logger, right.key.start_s}, std::move(right));
  PV_TRY_VOID(split(logger, key.start_s));
  return split(logger, key.middle_s());
}

Result<void> OpenLeaves::add(std::int64_t logger, const IncomingRows& incoming, MergeTally& tally,
                             std::vector<Contest>& contests) {
  // A rank that cannot be read is an error of the whole write; the merge itself cannot stop half-way.
  std::optional<Error> rank_error;
  const RanksBelow ranks_below = [&](Origin a, Origin b) {
    auto below = catalogue_->ranks_below(a, b);
    if (below) return *below;
    rank_error = std::move(below).error();
    return false;
  };
  const std::vector<std::int64_t>& times = incoming.block->time_s;
  IncomingRows rest = incoming;
  while (rest.rows() > 0) {
    PV_TRY(OpenLeaf * open, find(logger, rest.first_s()));
    IncomingRows piece = rest;
    piece.end = static_cast<std::size_t>(
        std::lower_bound(times.begin() + static_cast<std::ptrdiff_t>(rest.begin),
                         times.begin() + static_cast<std::ptrdiff_t>(rest.end), open->key.end_s()) - times.begin());
    rest.begin = piece.end;
    if (!open->loaded && piece.first_s() <= open->stored_last_s) PV_TRY_VOID(load(*open));
    if (open->leaf.rows() == 0 || piece.first_s() > open->leaf.time_s.back()) {
      append_rows(open->leaf, piece, tally);
    } else {
      merge_rows(open->leaf, piece, ranks_below, tally, contests);
      if (rank_error) return fail(std::move(*rank_error));
    }
    open->changed = true;
    PV_TRY_VOID(split(logger, open->key.start_s));
  }
  return {};
}

Result<bool> OpenLeaves::settle(std::size_t max_tails) {
  struct Target {
    std::int64_t logger;
    std::int64_t start_s;
  };
  std::vector<Target> targets;
  many_blocks_.bind(1, static_cast<std::int64_t>(max_tails));
  while (true) {
    PV_TRY(const bool more, many_blocks_.step());
    if (!more) break;
    targets.push_back({many_blocks_.integer(0), many_blocks_.integer(1)});
  }
  many_blocks_.reset();
  for (const Target& target : targets) {
    PV_TRY(OpenLeaf * open, find(target.logger, target.start_s));
    PV_TRY_VOID(load(*open));
    // A leaf at a time keeps memory small however many there are.
    PV_TRY_VOID(flush());
  }
  return !targets.empty();
}

Result<void> OpenLeaves::flush() {
  std::vector<EncodedBlock> encoded;
  std::size_t work = 0;
  for (auto& [key, open] : open_) {
    if (!open.changed) continue;
    if (!open.loaded && open.stored.size() >= kMaxBlocksOfLeaf) PV_TRY_VOID(load(open));
    if (open.leaf.rows() > 0) encoded.push_back({key.logger, &open, {}});
    work += cells(open.leaf);
  }

  const auto encode_one = [](EncodedBlock& block, codec::Scratch& scratch) {
    const OpenLeaf& open = *block.open;
    const bool tail = !open.loaded && open.leaf.rows() < kSettledRows;
    const bool young = open.loaded && open.stored.empty() && open.leaf.rows() < kSettledRows;
    encode_block(open.leaf, tail || young ? BlockKind::tail : BlockKind::settled, scratch, block.bytes);
  };
  if (work >= kCellsForThreads && encoders_ > 1 && encoded.size() > 1) {
    std::atomic<std::size_t> next{0};
    const auto worker = [&](codec::Scratch& scratch) {
      for (std::size_t i = next++; i < encoded.size(); i = next++) encode_one(encoded[i], scratch);
    };
    {
      std::vector<std::jthread> threads;
      for (unsigned t = 1; t < encoders_; ++t) {
        threads.emplace_back([&worker] {
          codec::Scratch own;
          worker(own);
        });
      }
      worker(scratch_);
    }
  } else {
    for (EncodedBlock& block : encoded) encode_one(block, scratch_);
  }

  for (const auto& [key, open] : open_) {
    if (!open.changed || !open.loaded) continue;
    for (const StoredBlock& stored : open.stored) PV_TRY_VOID(remove_block_.bind(1, stored.id).run());
  }
  for (const EncodedBlock& block : encoded) {
    const OpenLeaf& open = *block.open;
    const std::int64_t step_s = open.leaf.rows() >= kMinRowsForStep ? model::usual_step(open.leaf.time_s) : 0;
    PV_TRY_VOID(add_block_.bind(1, block.logger)
                    .bind(2, open.leaf.time_s.front())
                    .bind(3, open.leaf.time_s.back())
                    .bind(4, open.key.start_s)
                    .bind(5, static_cast<std::int64_t>(open.key.level))
                    .bind(6, static_cast<std::int64_t>(open.leaf.rows()))
                    .bind(7, static_cast<std::int64_t>(open.leaf.samples()))
                    .bind(8, step_s)
                    .bind(9, std::span<const std::byte>(block.bytes))
                    .run());
  }
  open_.clear();
  return {};
}

}  // namespace pv::store
