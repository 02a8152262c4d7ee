#include "ingest/outbox.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/database.h"
#include "base/digest.h"
#include "base/private_file.h"
#include "base/schema.h"

namespace pv::ingest {
namespace {

constexpr std::int64_t kOutboxId = 0x5056'4f42;  // "PVOB"
constexpr std::int64_t kOutboxVersion = 1;
/// Refused points are kept for a person to read, who reads no more than this.
constexpr std::int64_t kMostRefused = 10'000;
constexpr std::int64_t kMostLines = 100'000;
constexpr std::size_t kMostLineBytes = 1U << 20;  // of one call

constexpr const char* kOutboxTables = R"(
CREATE TABLE entry(
  id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, tenant TEXT NOT NULL, campaign TEXT NOT NULL, logger TEXT NOT NULL,
  from_s INTEGER NOT NULL, to_s INTEGER NOT NULL, change INTEGER NOT NULL, ready INTEGER NOT NULL,
  file TEXT NOT NULL, device TEXT NOT NULL, digest TEXT NOT NULL, made_s INTEGER NOT NULL);
CREATE INDEX entry_next ON entry(sink, ready, tenant, id);
CREATE INDEX entry_digest ON entry(digest) WHERE digest <> '';
CREATE TABLE refused(
  id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, tenant TEXT NOT NULL, campaign TEXT NOT NULL, logger TEXT NOT NULL, field TEXT NOT NULL,
  time_s INTEGER NOT NULL, reason TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, digest TEXT NOT NULL, at_s INTEGER NOT NULL,
  UNIQUE(sink, tenant, campaign, logger, field, time_s) ON CONFLICT REPLACE);
CREATE INDEX refused_digest ON refused(digest) WHERE digest <> '';
CREATE TABLE line(id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE trouble(sink TEXT PRIMARY KEY, message TEXT NOT NULL, since_s INTEGER NOT NULL) WITHOUT ROWID;
)";

constexpr Schema kOutboxSchema = {"outbox", kOutboxId, kOutboxVersion, "PRAGMA journal_mode=WAL", kOutboxTables};

void widen(std::vector<model::Stretch>& stretches, const model::CampaignName& campaign, const std::string& sn, std::int64_t first_s, std::int64_t last_s) {
  auto known = std::find_if(stretches.begin(), stretches.end(), [&sn](const model::Stretch& one) { return one.logger_sn == sn; });
  if (known == stretches.end()) {
    stretches.push_back({.campaign = campaign, .logger_sn = sn, .period = {first_s, last_s + 1}});
    return;
  }
  known->period.from_s = std::min(known->period.from_s, first_s);
  known->period.to_s = std::max(known->period.to_s, last_s + 1);
}

/// Runs a statement for each id of the groups.
Result<void> for_each_id(Database& database, std::string_view sql, const Outbox::Announced& announced) {
  PV_TRY(Statement statement, database.prepare(sql));
  for (const auto& group : announced) {
    for (const std::int64_t id : group) PV_TRY_VOID(statement.bind(1, id).run());
  }
  return {};
}

}  // namespace

std::vector<model::Stretch> stretches_of(const model::Delivery& delivery) {
  std::vector<model::Stretch> stretches;
  for (const model::LoggerTable& table : delivery.tables) {
    if (table.rows.time_s.empty() || table.channels.empty()) continue;
    widen(stretches, *delivery.campaign, table.channels.front().master_sn, table.rows.time_s.front(), table.rows.time_s.back());
  }
  for (const model::Event& event : delivery.events) widen(stretches, *delivery.campaign, delivery.logger_sn, event.time_s, event.time_s);
  return stretches;
}

Outbox::Outbox(std::unique_ptr<Database> database, std::vector<std::string> sinks, std::function<std::int64_t()> now_s)
    : database_(std::move(database)), sinks_(std::move(sinks)), now_s_(std::move(now_s)) {}
Outbox::~Outbox() = default;

Result<std::unique_ptr<Outbox>> Outbox::open(const std::filesystem::path& state_dir, std::vector<std::string> sinks, Access access, std::function<std::int64_t()> now_s) {
  const std::filesystem::path path = state_dir / "outbox.sqlite";
  const bool writes = access == Access::read_write;
  std::error_code code;
  if (!writes && !std::filesystem::exists(path, code)) return fail(Errc::not_found, fmt::format("{}: there is no outbox; nothing was sent to another system yet", path.string()));
  if (writes) {
    PV_TRY_VOID(make_private_folder(state_dir, GroupMay::pass));
    PV_TRY_VOID(keep_private(path));
  }
  PV_TRY(auto database, Database::open(path, writes ? Database::Access::create : Database::Access::read_write));
  PV_TRY_VOID(database->run("PRAGMA synchronous=FULL; PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY"));
  if (writes) {
    PV_TRY_VOID(make_tables(*database, kOutboxSchema));
  } else {
    PV_TRY_VOID(database->run("PRAGMA query_only=1"));
  }
  PV_TRY_VOID(check_schema(*database, kOutboxSchema));
  return std::unique_ptr<Outbox>(new Outbox(std::move(database), std::move(sinks), now_s ? std::move(now_s) : unix_now_s));
}

Result<Outbox::Announced> Outbox::announce(const model::TenantName& tenant, std::span<const model::Delivery> deliveries) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement insert, database_->prepare("INSERT INTO entry(sink,tenant,campaign,logger,from_s,to_s,change,ready,file,device,digest,made_s) VALUES(?,?,?,?,?,?,?,0,?,?,?,?)"));
  Announced announced;
  const std::int64_t now = now_s_();
  for (const model::Delivery& delivery : deliveries) {
    std::vector<std::int64_t>& group = announced.emplace_back();
    const std::string digest = to_hex(delivery.origin->digest);
    for (const model::Stretch& stretch : stretches_of(delivery)) {
      for (const std::string& sink : sinks_) {
        insert.bind(1, sink).bind(2, tenant.str()).bind(3, stretch.campaign.str()).bind(4, stretch.logger_sn);
        insert.bind(5, stretch.period.from_s).bind(6, stretch.period.to_s).bind(7, static_cast<std::int64_t>(model::Change::changed));
        insert.bind(8, delivery.origin->name).bind(9, delivery.origin->device_folder).bind(10, digest).bind(11, now);
        PV_TRY_VOID(insert.run());
        group.push_back(database_->last_id());
      }
    }
  }
  PV_TRY_VOID(transaction.commit());
  return announced;
}

Result<void> Outbox::let_go(const Announced& announced, std::span<const model::DeliveryOutcome> outcomes) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement ready, database_->prepare("UPDATE entry SET ready=1, change=?2 WHERE id=?1"));
  PV_TRY(Statement drop, database_->prepare("DELETE FROM entry WHERE id=?"));
  for (std::size_t d = 0; d < announced.size() && d < outcomes.size(); ++d) {
    const model::DeliveryOutcome& outcome = outcomes[d];
    // Of a file that was known, an earlier entry tells; its events are as old as its samples.
    const bool nothing = outcome.samples_new == 0 && outcome.samples_replaced == 0 && outcome.known_file;
    for (const std::int64_t id : announced[d]) {
      if (nothing) {
        PV_TRY_VOID(drop.bind(1, id).run());
        continue;
      }
      const model::Change change = outcome.samples_replaced > 0 ? model::Change::changed : model::Change::added;
      PV_TRY_VOID(ready.bind(1, id).bind(2, static_cast<std::int64_t>(change)).run());
    }
  }
  return transaction.commit();
}

Result<void> Outbox::let_all_go(const Announced& announced) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY_VOID(for_each_id(*database_, "UPDATE entry SET ready=1 WHERE id=?", announced));
  return transaction.commit();
}

Result<void> Outbox::withdraw(const Announced& announced) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY_VOID(for_each_id(*database_, "DELETE FROM entry WHERE id=?", announced));
  return transaction.commit();
}

Result<std::uint64_t> Outbox::recover() {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement count, database_->prepare("SELECT count(*) FROM entry WHERE ready=0"));
  PV_TRY([[maybe_unused]] const bool row, count.step());
  const auto left = static_cast<std::uint64_t>(count.integer(0));
  count.reset();
  PV_TRY_VOID(database_->run("UPDATE entry SET ready=1 WHERE ready=0"));
  PV_TRY_VOID(transaction.commit());
  return left;
}

Result<void> Outbox::add(const std::string& sink, const model::TenantName& tenant, std::span<const model::Stretch> stretches) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement insert, database_->prepare("INSERT INTO entry(sink,tenant,campaign,logger,from_s,to_s,change,ready,file,device,digest,made_s) VALUES(?,?,?,?,?,?,?,1,'','','',?)"));
  for (const model::Stretch& stretch : stretches) {
    insert.bind(1, sink).bind(2, tenant.str()).bind(3, stretch.campaign.str()).bind(4, stretch.logger_sn);
    insert.bind(5, stretch.period.from_s).bind(6, stretch.period.to_s).bind(7, static_cast<std::int64_t>(stretch.change)).bind(8, now_s_());
    PV_TRY_VOID(insert.run());
  }
  return transaction.commit();
}

Result<std::vector<OutboxEntry>> Outbox::next(const std::string& sink, std::size_t most, const std::set<std::string>& passed_over) {
  const std::lock_guard lock(mutex_);
  std::string others;
  for (std::size_t i = 0; i < passed_over.size(); ++i) others += fmt::format("{}?{}", i == 0 ? "" : ",", i + 3);
  // The oldest entry names the tenant whose turn it is.
  PV_TRY(Statement query, database_->prepare(fmt::format(
      "SELECT id,tenant,campaign,logger,from_s,to_s,change,file,device,digest FROM entry WHERE sink=?1 AND ready=1 AND tenant="
      "(SELECT tenant FROM entry WHERE id=(SELECT min(id) FROM entry WHERE sink=?1 AND ready=1 AND tenant NOT IN ({}))) ORDER BY id LIMIT ?2", others)));
  query.bind(1, sink).bind(2, static_cast<std::int64_t>(most));
  int parameter = 3;
  for (const std::string& tenant : passed_over) query.bind(parameter++, std::string_view(tenant));
  std::vector<OutboxEntry> entries;
  while (true) {
    PV_TRY(const bool row, query.step());
    if (!row) return entries;
    PV_TRY(model::TenantName tenant, model::TenantName::parse(query.text(1)));
    PV_TRY(model::CampaignName campaign, model::CampaignName::parse(query.text(2)));
    entries.push_back({.id = query.integer(0),
                       .tenant = std::move(tenant),
                       .stretch = {.campaign = std::move(campaign),
                                   .logger_sn = std::string(query.text(3)),
                                   .period = {query.integer(4), query.integer(5)},
                                   .change = query.integer(6) == static_cast<std::int64_t>(model::Change::added) ? model::Change::added : model::Change::changed},
                       .file = std::string(query.text(7)),
                       .device_folder = std::string(query.text(8)),
                       .digest = std::string(query.text(9))});
  }
}

Result<void> Outbox::done(std::span<const OutboxEntry> entries) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement drop, database_->prepare("DELETE FROM entry WHERE id=?"));
  for (const OutboxEntry& entry : entries) PV_TRY_VOID(drop.bind(1, entry.id).run());
  return transaction.commit();
}

std::vector<RefusedRow> refused_rows(const std::string& sink, const model::TenantName& tenant, const model::MirrorOutcome& outcome) {
  std::vector<RefusedRow> rows;
  for (const model::RefusedPoint& point : outcome.refused) {
    RefusedRow& row = rows.emplace_back();
    row.sink = sink;
    row.tenant = tenant.str();
    row.point = point;
  }
  return rows;
}

Result<void> Outbox::list_refused(const std::string& sink, const model::TenantName& tenant, std::span<const model::Stretch> stretches, std::span<const RefusedRow> rows) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement any, database_->prepare("SELECT 1 FROM refused LIMIT 1"));
  PV_TRY(const bool has_any, any.step());
  if (!has_any && rows.empty()) return {};
  any.reset();
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement drop, database_->prepare("DELETE FROM refused WHERE sink=? AND tenant=? AND campaign=? AND logger=? AND time_s>=? AND time_s<?"));
  for (const model::Stretch& stretch : stretches) {
    drop.bind(1, sink).bind(2, tenant.str()).bind(3, stretch.campaign.str()).bind(4, stretch.logger_sn).bind(5, stretch.period.from_s).bind(6, stretch.period.to_s);
    PV_TRY_VOID(drop.run());
  }
  PV_TRY(Statement insert, database_->prepare("INSERT INTO refused(sink,tenant,campaign,logger,field,time_s,reason,file,line,digest,at_s) VALUES(?,?,?,?,?,?,?,?,?,?,?)"));
  for (const RefusedRow& row : rows) {
    insert.bind(1, row.sink).bind(2, row.tenant).bind(3, row.point.campaign).bind(4, row.point.logger_sn).bind(5, row.point.field).bind(6, row.point.time_s);
    insert.bind(7, row.point.reason).bind(8, row.file).bind(9, static_cast<std::int64_t>(row.line)).bind(10, row.digest).bind(11, now_s_());
    PV_TRY_VOID(insert.run());
  }
  PV_TRY(Statement trim, database_->prepare("DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?"));
  PV_TRY_VOID(trim.bind(1, kMostRefused).run());
  return transaction.commit();
}

Result<void> Outbox::note_trouble(const std::string& sink, const std::string& trouble) {
  const std::lock_guard lock(mutex_);
  const auto last = last_trouble_.find(sink);
  if (last != last_trouble_.end() && last->second == trouble) return {};
  PV_TRY(Statement change, database_->prepare(trouble.empty() ? "DELETE FROM trouble WHERE sink=?1"
                                                              : "INSERT INTO trouble(sink,message,since_s) VALUES(?1,?2,?3) ON CONFLICT(sink) DO UPDATE SET message=?2"));
  change.bind(1, sink);
  if (!trouble.empty()) change.bind(2, trouble).bind(3, now_s_());
  PV_TRY_VOID(change.run());
  last_trouble_[sink] = trouble;
  return {};
}

Result<void> Outbox::add_line(const std::string& sink, std::string_view line) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement insert, database_->prepare("INSERT INTO line(sink,text) VALUES(?,?)"));
  PV_TRY_VOID(insert.bind(1, sink).bind(2, line).run());
  PV_TRY(Statement trim, database_->prepare("DELETE FROM line WHERE id <= ?"));
  PV_TRY_VOID(trim.bind(1, database_->last_id() - kMostLines).run());
  return transaction.commit();
}

Result<std::vector<Outbox::Line>> Outbox::next_lines(const std::string& sink, std::size_t most) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement query, database_->prepare("SELECT id,text FROM line WHERE sink=? ORDER BY id LIMIT ?"));
  query.bind(1, sink).bind(2, static_cast<std::int64_t>(most));
  std::vector<Line> lines;
  std::size_t bytes = 0;
  while (true) {
    PV_TRY(const bool row, query.step());
    if (!row) return lines;
    bytes += query.text(1).size();
    if (bytes > kMostLineBytes && !lines.empty()) return lines;
    lines.push_back({query.integer(0), std::string(query.text(1))});
  }
}

Result<void> Outbox::lines_done(std::span<const Line> lines) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(Statement drop, database_->prepare("DELETE FROM line WHERE id=?"));
  for (const Line& line : lines) PV_TRY_VOID(drop.bind(1, line.id).run());
  return transaction.commit();
}

Result<std::map<std::string, SinkFacts>> Outbox::standing_of(std::span<const std::string> digests) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, SinkFacts> all;
  PV_TRY(Statement waiting, database_->prepare("SELECT DISTINCT sink FROM entry WHERE digest=? AND digest <> ''"));
  PV_TRY(Statement refused, database_->prepare("SELECT DISTINCT sink FROM refused WHERE digest=? AND digest <> ''"));
  for (const std::string& digest : digests) {
    if (digest.empty() || all.contains(digest)) continue;
    SinkFacts standing;
    standing.total = 1 + sinks_.size();
    for (auto [statement, into] : {std::pair(&waiting, &standing.waiting), std::pair(&refused, &standing.refused)}) {
      statement->bind(1, digest);
      while (true) {
        PV_TRY(const bool row, statement->step());
        if (!row) break;
        const std::string sink(statement->text(0));
        if (std::find(sinks_.begin(), sinks_.end(), sink) != sinks_.end()) into->insert(sink);
      }
      statement->reset();
    }
    all.emplace(digest, std::move(standing));
  }
  return all;
}

Result<std::vector<SinkStanding>> Outbox::standing() {
  const std::lock_guard lock(mutex_);
  std::vector<SinkStanding> all;
  PV_TRY(Statement query, database_->prepare(
      "SELECT (SELECT count(*) FROM entry WHERE sink=?1), (SELECT min(made_s) FROM entry WHERE sink=?1), (SELECT count(*) FROM refused WHERE sink=?1), "
      "(SELECT message FROM trouble WHERE sink=?1), (SELECT since_s FROM trouble WHERE sink=?1)"));
  for (const std::string& sink : sinks_) {
    query.bind(1, sink);
    PV_TRY([[maybe_unused]] const bool row, query.step());
    all.push_back({.sink = sink,
                   .waiting = static_cast<std::uint64_t>(query.integer(0)),
                   .oldest_s = query.integer(1),
                   .refused = static_cast<std::uint64_t>(query.integer(2)),
                   .trouble = std::string(query.text(3)),
                   .trouble_since_s = query.integer(4)});
    query.reset();
  }
  return all;
}

Result<std::vector<RefusedRow>> Outbox::refused(const std::optional<model::TenantName>& tenant, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement query, database_->prepare(std::string("SELECT sink,tenant,campaign,logger,field,time_s,reason,file,line,digest,at_s FROM refused") +
                                             (tenant ? " WHERE tenant=?2" : "") + " ORDER BY id DESC LIMIT ?1"));
  query.bind(1, static_cast<std::int64_t>(std::min<std::size_t>(limit, kMostRefused)));
  if (tenant) query.bind(2, tenant->str());
  std::vector<RefusedRow> rows;
  while (true) {
    PV_TRY(const bool row, query.step());
    if (!row) return rows;
    const auto text = [&query](int column) { return std::string(query.text(column)); };
    rows.push_back({.sink = text(0),
                    .tenant = text(1),
                    .point = {.campaign = text(2), .logger_sn = text(3), .field = text(4), .time_s = query.integer(5), .reason = text(6)},
                    .file = text(7),
                    .line = static_cast<std::uint32_t>(query.integer(8)),
                    .digest = text(9),
                    .at_s = query.integer(10)});
  }
}

Result<void> Outbox::forget(const model::TenantName& tenant, const std::optional<model::CampaignName>& campaign) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  for (const char* table : {"entry", "refused"}) {
    PV_TRY(Statement drop, database_->prepare(fmt::format("DELETE FROM {} WHERE tenant=?1{}", table, campaign ? " AND campaign=?2" : "")));
    drop.bind(1, tenant.str());
    if (campaign) drop.bind(2, campaign->str());
    PV_TRY_VOID(drop.run());
  }
  return transaction.commit();
}

}  // namespace pv::ingest
