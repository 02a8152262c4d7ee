#include "store/snapshot.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/check.h"
#include "store/block.h"

namespace pv::store {
namespace {

constexpr int kAttempts = 10;

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(b));
  return text;
}

/// What blocks and files tell of a logger.
struct LoggerFacts {
  Statement last_file, extent;

  static Result<LoggerFacts> of(Database& database) {
    PV_TRY(Statement last_file, database.prepare("SELECT f.name, f.stored_at_s FROM layout y JOIN file f ON f.id=y.best_file "
                                                 "WHERE y.logger=? ORDER BY f.stamp DESC, f.digest DESC LIMIT 1"));
    PV_TRY(Statement extent, database.prepare("SELECT step_s, sum(rows), sum(samples), min(first_s), max(last_s) FROM block "
                                              "INDEXED BY block_by_time WHERE logger=? GROUP BY step_s"));
    return LoggerFacts{std::move(last_file), std::move(extent)};
  }

  Result<void> fill(model::LoggerSummary& logger) {
    PV_TRY(const bool has_file, last_file.bind(1, logger.id.value).step());
    if (has_file) logger.last_file = {std::string(last_file.text(0)), last_file.integer(1)};
    last_file.reset();
    extent.bind(1, logger.id.value);
    std::uint64_t rows_of_step = 0;
    while (true) {
      PV_TRY(const bool part, extent.step());
      if (!part) break;
      const auto rows = static_cast<std::uint64_t>(extent.integer(1));
      logger.rows += rows;
      logger.samples += static_cast<std::uint64_t>(extent.integer(2));
      if (extent.integer(0) > 0 && rows > rows_of_step) {
        rows_of_step = rows;
        logger.step_s = extent.integer(0);
      }
      if (!logger.period) logger.period = model::Period{INT64_MAX, INT64_MIN};
      logger.period->from_s = std::min(logger.period->from_s, extent.integer(3));
      logger.period->to_s = std::max(logger.period->to_s, extent.integer(4) + 1);
    }
    extent.reset();
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<Snapshot>> Snapshot::open(std::shared_ptr<ConnectionPool> pool, unsigned workers) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::unique_ptr<Snapshot> snapshot(new Snapshot(pool));
    bool alike = true;
    for (unsigned worker = 0; worker < std::max(1U, workers); ++worker) {
      PV_TRY(auto connection, pool->take());
      PV_TRY_VOID(connection->database->run("BEGIN"));
      snapshot->connections_.push_back(std::move(connection));
      // The first read pins what this transaction sees.
      Statement& statement = snapshot->connections_.back()->generation;
      PV_TRY(const bool found, statement.step());
      const auto generation = static_cast<std::uint64_t>(found ? statement.integer(0) : 0);
      statement.reset();
      if (worker == 0) snapshot->generation_ = generation;
      alike = alike && generation == snapshot->generation_;
    }
    if (alike) return snapshot;
  }
  return fail(Errc::unavailable, pool->path().string() + ": it changes too fast to read; try again");
}

Snapshot::~Snapshot() {
  for (auto& connection : connections_) {
    // A connection that cannot end its transaction is closed instead of kept.
    if (connection->database->run("ROLLBACK")) pool_->give_back(std::move(connection));
  }
}

Result<std::vector<model::CampaignSummary>> Snapshot::campaigns() {
  std::vector<model::CampaignSummary> campaigns;
  PV_TRY(Statement list, database().prepare("SELECT id, name FROM campaign ORDER BY name"));
  while (true) {
    PV_TRY(const bool more, list.step());
    if (!more) break;
    model::CampaignSummary& campaign = campaigns.emplace_back();
    campaign.id = {list.integer(0)};
    campaign.name = list.text(1);
  }
  for (model::CampaignSummary& campaign : campaigns) PV_TRY_VOID(fill(campaign));
  return campaigns;
}

Result<model::CampaignSummary> Snapshot::campaign(const model::CampaignName& name) {
  PV_TRY(Statement find, database().prepare("SELECT id FROM campaign WHERE name=?"));
  PV_TRY(const bool found, find.bind(1, name.str()).step());
  if (!found) return fail(Errc::not_found, fmt::format("there is no campaign '{}'", name.str()));
  model::CampaignSummary campaign;
  campaign.id = {find.integer(0)};
  campaign.name = name.str();
  PV_TRY_VOID(fill(campaign));
  return campaign;
}

Result<void> Snapshot::fill(model::CampaignSummary& campaign) {
  PV_TRY(Statement counts, database().prepare("SELECT (SELECT count(*) FROM file WHERE campaign=?1), (SELECT count(*) FROM conflict "
                                              "WHERE channel IN (SELECT c.id FROM channel c JOIN logger l ON l.id=c.logger "
                                              "WHERE l.campaign=?1))"));
  PV_TRY(const bool counted, counts.bind(1, campaign.id.value).step());
  if (counted) {
    campaign.files = static_cast<std::uint64_t>(counts.integer(0));
    campaign.conflicts = static_cast<std::uint64_t>(counts.integer(1));
  }

  PV_TRY(Statement loggers, database().prepare("SELECT l.id, l.sn, (SELECT count(*) FROM channel WHERE logger=l.id) "
                                               "FROM logger l WHERE l.campaign=? ORDER BY l.sn"));
  PV_TRY(LoggerFacts facts, LoggerFacts::of(database()));
  loggers.bind(1, campaign.id.value);
  while (true) {
    PV_TRY(const bool more, loggers.step());
    if (!more) break;
    model::LoggerSummary& logger = campaign.loggers.emplace_back();
    logger.id = {loggers.integer(0)};
    logger.sn = loggers.text(1);
    logger.channels = static_cast<std::uint32_t>(loggers.integer(2));
    PV_TRY_VOID(facts.fill(logger));
  }
  return {};
}

Result<std::optional<model::LoggerOfCampaign>> Snapshot::logger(const model::CampaignName& campaign, std::string_view sn) {
  PV_TRY(Statement find, database().prepare("SELECT c.id, l.id, (SELECT count(*) FROM channel WHERE logger=l.id) FROM campaign c "
                                            "JOIN logger l ON l.campaign=c.id WHERE c.name=? AND l.sn=?"));
  PV_TRY(const bool found, find.bind(1, campaign.str()).bind(2, sn).step());
  if (!found) return std::optional<model::LoggerOfCampaign>();
  model::LoggerOfCampaign one;
  one.campaign = {find.integer(0)};
  one.logger.id = {find.integer(1)};
  one.logger.sn = sn;
  one.logger.channels = static_cast<std::uint32_t>(find.integer(2));
  PV_TRY(LoggerFacts facts, LoggerFacts::of(database()));
  PV_TRY_VOID(facts.fill(one.logger));
  return std::optional(std::move(one));
}

Result<std::vector<model::ChannelSummary>> Snapshot::channels(model::CampaignId campaign) {
  std::vector<model::ChannelSummary> channels;
  std::map<std::int64_t, std::size_t> position;
  PV_TRY(Statement list, database().prepare("SELECT c.id, c.logger, c.field, l.sn, c.device_sn, c.label, c.unit, c.type FROM channel c "
                                            "JOIN logger l ON l.id=c.logger WHERE l.campaign=? ORDER BY l.sn, c.id"));
  list.bind(1, campaign.value);
  while (true) {
    PV_TRY(const bool more, list.step());
    if (!more) break;
    position.emplace(list.integer(0), channels.size());
    model::ChannelSummary& summary = channels.emplace_back();
    summary.id = {list.integer(0)};
    summary.logger = {list.integer(1)};
    summary.field = list.text(2);
    summary.channel.master_sn = list.text(3);
    summary.channel.device_sn = list.text(4);
    summary.channel.label = list.text(5);
    summary.channel.unit = list.text(6);
    summary.channel.type = list.integer(7) == 0 ? model::DeviceType::master : model::DeviceType::slave;
  }
  // Names come from the highest-ranked file that names the channel: the last one to write here.
  PV_TRY(Statement names, database().prepare("SELECT lc.channel, lc.name, lc.subtype FROM layout y JOIN logger l ON l.id=y.logger "
                                             "JOIN file f ON f.id=y.best_file JOIN layout_channel lc ON lc.layout=y.id "
                                             "WHERE l.campaign=? ORDER BY f.stamp, f.digest, f.zone, y.signature"));
  names.bind(1, campaign.value);
  while (true) {
    PV_TRY(const bool more, names.step());
    if (!more) break;
    const auto found = position.find(names.integer(0));
    if (found == position.end()) continue;
    model::Channel& channel = channels[found->second].channel;
    channel.name = names.text(1);
    const std::int64_t subtype = names.integer(2);
    channel.subtype = subtype == 1   ? model::DeviceSubtype::mono
                      : subtype == 2 ? model::DeviceSubtype::tri
                                     : model::DeviceSubtype::none;
  }
  return channels;
}

Result<std::vector<model::LoggerEvent>> Snapshot::events(model::CampaignId campaign, model::Period period) {
  std::vector<model::LoggerEvent> events;
  PV_TRY(Statement list, database().prepare("SELECT e.logger, e.time_s, e.kind FROM event e JOIN logger l ON l.id=e.logger "
                                            "WHERE l.campaign=? AND e.time_s>=? AND e.time_s<? ORDER BY e.time_s, l.sn"));
  list.bind(1, campaign.value).bind(2, period.from_s).bind(3, period.to_s);
  while (true) {
    PV_TRY(const bool more, list.step());
    if (!more) break;
    // A kind of a later program is nothing this one can show.
    if (list.integer(2) != static_cast<std::int64_t>(model::EventKind::restart)) continue;
    events.push_back({{list.integer(0)}, {list.integer(1), model::EventKind::restart}});
  }
  return events;
}

Result<std::vector<model::Conflict>> Snapshot::conflicts(model::CampaignId campaign, model::Period period, std::size_t limit) {
  std::vector<model::Conflict> conflicts;
  PV_TRY(Statement list,
         database().prepare("SELECT x.channel, x.time_s, x.value, f.name FROM conflict x JOIN channel c ON c.id=x.channel "
                            "JOIN logger l ON l.id=c.logger JOIN file f ON f.id=x.file WHERE l.campaign=? AND x.time_s>=? AND "
                            "x.time_s<? ORDER BY x.time_s, c.field, x.value LIMIT ?"));
  list.bind(1, campaign.value).bind(2, period.from_s).bind(3, period.to_s).bind(4, static_cast<std::int64_t>(limit));
  while (true) {
    PV_TRY(const bool more, list.step());
    if (!more) break;
    conflicts.push_back({{list.integer(0)}, list.integer(1), list.real(2), std::string(list.text(3))});
  }
  return conflicts;
}

Result<std::vector<model::StoredFile>> Snapshot::files(model::CampaignId campaign, std::size_t limit) {
  std::vector<model::StoredFile> files;
  PV_TRY(Statement list, database().prepare("SELECT name, folder, digest, size, zone, stored_at_s FROM file WHERE campaign=? "
                                            "ORDER BY stored_at_s DESC, stamp DESC, digest LIMIT ?"));
  list.bind(1, campaign.value).bind(2, static_cast<std::int64_t>(limit));
  while (true) {
    PV_TRY(const bool more, list.step());
    if (!more) break;
    files.push_back({std::string(list.text(0)), std::string(list.text(1)), hex(list.blob(2)),
                     static_cast<std::uint64_t>(list.integer(3)), std::string(list.text(4)), list.integer(5)});
  }
  return files;
}

Result<std::vector<model::BlockRef>> Snapshot::blocks(model::LoggerId logger, model::Period period) {
  std::vector<model::BlockRef> blocks;
  if (period.empty()) return blocks;
  // The block that begins before the period may reach into it.
  PV_TRY(Statement before, database().prepare("SELECT first_s, last_s FROM block INDEXED BY block_by_time WHERE logger=? AND first_s<? "
                                              "ORDER BY first_s DESC LIMIT 1"));
  PV_TRY(const bool earlier, before.bind(1, logger.value).bind(2, period.from_s).step());
  const std::int64_t begin = earlier && before.integer(1) >= period.from_s ? before.integer(0) : period.from_s;
  Statement& list = connections_.front()->list_blocks;
  list.bind(1, logger.value).bind(2, begin).bind(3, period.to_s);
  while (true) {
    PV_TRY(const bool more, list.step());
    if (!more) break;
    blocks.push_back({logger, list.integer(1), list.integer(2), static_cast<std::uint32_t>(list.integer(3)), list.integer(4),
                      static_cast<std::uint64_t>(list.integer(0))});
  }
  list.reset();
  return blocks;
}

Result<std::optional<std::int64_t>> Snapshot::row_before(model::LoggerId logger, std::int64_t time_s) {
  PV_TRY(Statement before, database().prepare("SELECT id, first_s, last_s, rows FROM block INDEXED BY block_by_time WHERE logger=? AND "
                                              "first_s<? ORDER BY first_s DESC LIMIT 1"));
  PV_TRY(const bool found, before.bind(1, logger.value).bind(2, time_s).step());
  if (!found) return std::optional<std::int64_t>{};
  if (before.integer(2) < time_s) return std::optional(before.integer(2));
  model::SampleBlock block;
  const model::BlockRef ref{logger, before.integer(1), before.integer(2), static_cast<std::uint32_t>(before.integer(3)), 0,
                            static_cast<std::uint64_t>(before.integer(0))};
  PV_TRY_VOID(read(0, ref, {}, block));
  const auto at = std::lower_bound(block.time_s.begin(), block.time_s.end(), time_s);
  return at == block.time_s.begin() ? std::optional<std::int64_t>{} : std::optional(*std::prev(at));
}

Result<void> Snapshot::read(unsigned worker, const model::BlockRef& block, std::span<const model::ChannelId> wanted,
                            model::SampleBlock& out) {
  PV_CHECK(worker < connections_.size());
  Connection& connection = *connections_[worker];
  out.time_s.clear();
  out.columns.resize(wanted.size());
  for (model::Column& column : out.columns) column.clear();
  static_assert(sizeof(model::ChannelId) == sizeof(std::int64_t), "ids are passed on as plain numbers");
  const std::span<const std::int64_t> ids(reinterpret_cast<const std::int64_t*>(wanted.data()), wanted.size());
  PV_TRY(const bool found, connection.read_block.bind(1, static_cast<std::int64_t>(block.handle)).step());
  Result<void> done = found ? append_block(connection.read_block.blob(0), ids, connection.scratch, out)
                            : fail(Errc::corrupt, "it is missing");
  connection.read_block.reset();
  if (done && (out.time_s.size() != block.rows || out.time_s.front() != block.first_s || out.time_s.back() != block.last_s)) {
    done = fail(Errc::corrupt, "its rows are not those that the index says");
  }
  if (!done) {
    return fail(std::move(done).error().with(fmt::format("{}: block {} of {} rows from {} (Unix time) cannot be read",
                                                         pool_->path().string(), block.handle, block.rows, block.first_s)));
  }
  return {};
}

}  // namespace pv::store
