#include "ingest/ledger_file.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/private_file.h"
#include "base/schema.h"

namespace pv::ingest {
namespace {

constexpr std::int64_t kLedgerId = 0x5056'4c47;  // "PVLG"
constexpr std::int64_t kLedgerVersion = 1;

// due_s: when somebody takes it up by itself; NULL while somebody is at it, or nobody will.
constexpr const char* kLedgerTables = R"(
CREATE TABLE entry(
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL, tenant TEXT NOT NULL, campaign TEXT NOT NULL, device TEXT NOT NULL, name TEXT NOT NULL,
  state INTEGER NOT NULL, filed INTEGER NOT NULL DEFAULT 0, moved_to TEXT NOT NULL DEFAULT '',
  size INTEGER NOT NULL, digest TEXT NOT NULL DEFAULT '',
  file_device INTEGER, file_inode INTEGER, file_size INTEGER, file_changed_s INTEGER, file_changed_ns INTEGER,
  way TEXT NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL,
  received_s INTEGER NOT NULL, updated_s INTEGER NOT NULL, due_s INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '', line INTEGER NOT NULL DEFAULT 0,
  evidence TEXT NOT NULL DEFAULT '', accepted_by TEXT NOT NULL DEFAULT '', header_of TEXT NOT NULL DEFAULT '',
  receipt TEXT NOT NULL DEFAULT '');
CREATE INDEX entry_path ON entry(path);
CREATE INDEX entry_due ON entry(due_s, tenant) WHERE due_s IS NOT NULL;
CREATE INDEX entry_crashed ON entry(due_s) WHERE due_s IS NOT NULL AND crashes > 0;
CREATE INDEX entry_open ON entry(tenant) WHERE filed = 0;
CREATE INDEX entry_tenant ON entry(tenant, campaign);
CREATE INDEX entry_refused ON entry(state) WHERE state >= 4;
CREATE TABLE tally(tenant TEXT NOT NULL, state INTEGER NOT NULL, files INTEGER NOT NULL, PRIMARY KEY(tenant, state)) WITHOUT ROWID;
CREATE TABLE last_arrival(
  tenant TEXT NOT NULL, campaign TEXT NOT NULL, device TEXT NOT NULL, name TEXT NOT NULL, received_s INTEGER NOT NULL,
  PRIMARY KEY(tenant, campaign, device)) WITHOUT ROWID;
)";

constexpr Schema kLedgerSchema = {"ledger", kLedgerId, kLedgerVersion, "PRAGMA journal_mode=WAL", kLedgerTables};

std::vector<Evidence> evidence_of(std::string_view text) {
  std::vector<Evidence> evidence;
  if (text.empty()) return evidence;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return evidence;
  for (const auto& seen : json) {
    if (seen.is_object()) evidence.push_back({seen.value("what", ""), seen.value("column", "")});
  }
  return evidence;
}

}  // namespace

model::Way way_of(std::string_view text) noexcept {
  using enum model::Way;
  for (const model::Way way : {sftp, http, hook, watch, scan, command}) {
    if (model::to_string(way) == text) return way;
  }
  return scan;
}

PathParts parts_of(std::string_view path) noexcept {
  PathParts parts;
  for (std::string_view* part : {&parts.tenant, &parts.campaign, &parts.device}) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) break;
    *part = path.substr(0, slash);
    path.remove_prefix(slash + 1);
  }
  parts.name = path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
  return parts;
}

std::optional<FileIdentity> read_identity(const Statement& row, int first) {
  if (row.is_null(first)) return std::nullopt;
  return FileIdentity{static_cast<std::uint64_t>(row.integer(first)), static_cast<std::uint64_t>(row.integer(first + 1)), row.integer(first + 2),
                      row.integer(first + 3), row.integer(first + 4)};
}

void bind_identity(Statement& statement, int first, const std::optional<FileIdentity>& identity) {
  if (!identity) {
    for (int i = 0; i < 5; ++i) statement.bind_null(first + i);
    return;
  }
  statement.bind(first, static_cast<std::int64_t>(identity->device)).bind(first + 1, static_cast<std::int64_t>(identity->inode));
  statement.bind(first + 2, identity->size).bind(first + 3, identity->changed_s).bind(first + 4, identity->changed_ns);
}

std::string evidence_text(const std::vector<Evidence>& evidence) {
  if (evidence.empty()) return "";
  nlohmann::json json = nlohmann::json::array();
  for (const Evidence& seen : evidence) json.push_back({{"what", seen.what}, {"column", seen.column}});
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

LedgerEntry read_entry(const Statement& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  const auto count = [&](int column) { return static_cast<std::uint32_t>(row.integer(column)); };
  LedgerEntry entry;
  entry.id = {row.integer(0)};
  entry.path = text(1), entry.tenant = text(2), entry.campaign = text(3), entry.device = text(4), entry.name = text(5);
  entry.state = static_cast<FileState>(row.integer(6));
  entry.filed = row.integer(7) != 0;
  entry.moved_to = text(8);
  entry.size = static_cast<std::uint64_t>(row.integer(9));
  entry.digest = text(10);
  entry.identity = read_identity(row, 11);
  entry.sender = {way_of(row.text(16)), text(17), text(18)};
  entry.received_s = row.integer(19), entry.updated_s = row.integer(20), entry.next_attempt_s = row.integer(21);
  entry.attempts = count(22), entry.crashes = count(23);
  entry.reason = text(24), entry.message = text(25);
  entry.line = count(26);
  entry.evidence = evidence_of(row.text(27));
  entry.accepted_by = text(28), entry.header_of = text(29), entry.receipt_json = text(30);
  return entry;
}

Result<std::unique_ptr<Database>> open_ledger_file(const std::filesystem::path& path, LedgerUse use) {
  std::error_code code;
  if (use == LedgerUse::read && !std::filesystem::exists(path, code)) {
    return fail(Errc::not_found, fmt::format("{}: there is no ledger; no file was handed in yet", path.string()));
  }
  if (use == LedgerUse::write) PV_TRY_VOID(keep_private(path));
  // A reader of a WAL database shares its index file, so it opens it for writing too; the connection itself may not write.
  PV_TRY(auto database, Database::open(path, use == LedgerUse::write ? Database::Access::create : Database::Access::read_write));
  PV_TRY_VOID(database->run("PRAGMA synchronous=FULL; PRAGMA cache_size=-2048; PRAGMA temp_store=MEMORY"));
  if (use == LedgerUse::write) {
    PV_TRY_VOID(make_tables(*database, kLedgerSchema));
  } else {
    PV_TRY_VOID(database->run("PRAGMA query_only=1"));
  }
  PV_TRY_VOID(check_schema(*database, kLedgerSchema));
  return database;
}

}  // namespace pv::ingest
