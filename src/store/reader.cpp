#include "store/reader.h"

#include <fmt/format.h>

#include "store/block.h"
#include "store/partition.h"
#include "store/snapshot.h"

namespace pv::store {

Reader::Reader(std::shared_ptr<ConnectionPool> pool) : pool_(std::move(pool)) {}
Reader::~Reader() = default;

Result<std::shared_ptr<Reader>> Reader::open(const std::filesystem::path& path) {
  std::error_code code;
  // A folder that may not be looked into is another error, which opening tells.
  if (std::filesystem::status(path, code).type() == std::filesystem::file_type::not_found) return fail(Errc::not_found, path.string() + ": there is no such store");
  auto pool = std::make_shared<ConnectionPool>(path);
  PV_TRY(auto connection, pool->take());
  pool->give_back(std::move(connection));
  return std::shared_ptr<Reader>(new Reader(std::move(pool)));
}

Result<std::uint64_t> Reader::generation() {
  PV_TRY(auto connection, pool_->take());
  PV_TRY(const bool found, connection->generation.step());
  const auto value = static_cast<std::uint64_t>(found ? connection->generation.integer(0) : 0);
  connection->generation.reset();
  pool_->give_back(std::move(connection));
  return value;
}

Result<std::unique_ptr<model::SampleSnapshot>> Reader::snapshot(unsigned workers) {
  PV_TRY(auto snapshot, Snapshot::open(pool_, workers));
  return std::unique_ptr<model::SampleSnapshot>(std::move(snapshot));
}

Result<std::vector<std::string>> Reader::verify() {
  std::vector<std::string> findings;
  PV_TRY(auto connection, pool_->take());
  Database& database = *connection->database;
  PV_TRY(Statement integrity, database.prepare("PRAGMA integrity_check(100)"));
  while (true) {
    PV_TRY(const bool more, integrity.step());
    if (!more) break;
    if (integrity.text(0) != "ok") findings.push_back(fmt::format("{}: {}", pool_->path().string(), integrity.text(0)));
  }
  PV_TRY(Statement dangling, database.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 100"));
  while (true) {
    PV_TRY(const bool more, dangling.step());
    if (!more) break;
    findings.push_back(fmt::format("{}: table {}, row {}: it names a {} that is not listed", pool_->path().string(),
                                   dangling.text(0), dangling.integer(1), dangling.text(2)));
  }
  PV_TRY(Statement list, database.prepare("SELECT b.id, b.logger, b.first_s, b.last_s, b.rows, b.samples, b.leaf_start_s, b.leaf_level, "
                                          "b.data, l.sn, c.name FROM block b JOIN logger l ON l.id=b.logger JOIN campaign c ON "
                                          "c.id=l.campaign ORDER BY b.logger, b.first_s"));
  PV_TRY(Statement has_file, database.prepare("SELECT 1 FROM file WHERE id=?"));
  PV_TRY(Statement has_channel, database.prepare("SELECT 1 FROM channel WHERE id=? AND logger=?"));
  std::int64_t logger = -1;
  std::int64_t last_s = INT64_MIN;
  while (true) {
    PV_TRY(const bool more, list.step());
    if (!more) break;
    const auto found = [&](std::string_view what) {
      findings.push_back(fmt::format("{}: campaign '{}', logger {}, block {} from {} (Unix time): {}", pool_->path().string(),
                                     list.text(10), list.text(9), list.integer(0), list.integer(2), what));
    };
    auto leaf = decode_block(list.blob(8), connection->scratch);
    if (!leaf) {
      found(leaf.error().message());
      continue;
    }
    if (leaf->time_s.front() != list.integer(2) || leaf->time_s.back() != list.integer(3) ||
        leaf->rows() != static_cast<std::uint64_t>(list.integer(4)) ||
        leaf->samples() != static_cast<std::uint64_t>(list.integer(5))) {
      found("its rows are not those that the index says");
    }
    const LeafKey key{list.integer(6), static_cast<unsigned>(list.integer(7))};
    if (key.level > kTopLevel || leaf_at(leaf->time_s.front(), key.level) != key || !key.contains(leaf->time_s.back())) {
      found("its rows lie outside its leaf");
    }
    if (list.integer(1) == logger && leaf->time_s.front() <= last_s) found("it overlaps the block before it");
    logger = list.integer(1);
    last_s = leaf->time_s.back();
    for (const std::int64_t channel : leaf->channels) {
      PV_TRY(const bool known, has_channel.bind(1, channel).bind(2, logger).step());
      has_channel.reset();
      if (!known) found(fmt::format("it names channel {}, which its logger does not have", channel));
    }
    for (const OriginRuns& runs : leaf->origins) {
      for (const OriginRun& run : runs) {
        if (run.origin.file() == 0) continue;
        PV_TRY(const bool known, has_file.bind(1, static_cast<std::int64_t>(run.origin.file())).step());
        has_file.reset();
        if (!known) found(fmt::format("it names file {}, which is not listed", run.origin.file()));
      }
    }
  }
  return findings;
}

}  // namespace pv::store
