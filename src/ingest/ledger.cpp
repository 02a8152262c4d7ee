#include "ingest/ledger.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/private_file.h"
#include "ingest/ledger_state.h"

namespace pv::ingest {
namespace {

/// How much a way tells of who handed a file in.
int knowledge(model::Way way) noexcept {
  switch (way) {
    case model::Way::sftp:
    case model::Way::http: return 2;
    case model::Way::hook:
    case model::Way::command: return 1;
    case model::Way::watch:
    case model::Way::scan: return 0;
  }
  return 0;
}

/// What arrive() must know of the entry at a path.
struct Standing {
  FileId id;
  FileState state = FileState::received;
  bool filed = false, has_moved = false, was_removed = false;
  std::string tenant;
  model::Way way = model::Way::scan;
  std::optional<FileIdentity> identity;
};

}  // namespace

Result<LedgerStatements> LedgerStatements::prepare(const Database& database) {
  LedgerStatements all;
  const auto prepare = [&](Statement& statement, std::string_view sql) -> Result<void> {
    PV_TRY(statement, database.prepare(sql));
    return {};
  };
  // What is not settled comes first: it is what a report of that path is about.
  PV_TRY_VOID(prepare(all.at_path,
                      "SELECT id,state,filed,moved_to<>'',reason,tenant,way,file_device,file_inode,file_size,file_changed_s,file_changed_ns "
                      "FROM entry WHERE path=? ORDER BY filed, id DESC LIMIT 1"));
  PV_TRY_VOID(prepare(all.insert,
                      "INSERT INTO entry(path,tenant,campaign,device,name,state,filed,moved_to,size,file_device,file_inode,file_size,"
                      "file_changed_s,file_changed_ns,way,who,address,received_s,updated_s,due_s,reason,message,line,digest) "
                      "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  PV_TRY_VOID(prepare(all.begin_anew,
                      "UPDATE entry SET state=?,filed=0,moved_to='',size=?,digest='',file_device=?,file_inode=?,file_size=?,file_changed_s=?,"
                      "file_changed_ns=?,way=?,who=?,address=?,updated_s=?,due_s=?,attempts=0,crashes=0,reason='',message='',line=0,"
                      "evidence='',accepted_by='',header_of='',receipt='' WHERE id=?"));
  PV_TRY_VOID(prepare(all.better_sender, "UPDATE entry SET way=?,who=?,address=? WHERE id=?"));
  PV_TRY_VOID(prepare(all.brief, "SELECT state,tenant,filed FROM entry WHERE id=?"));
  PV_TRY_VOID(prepare(all.step,
                      "UPDATE entry SET state=?,updated_s=?,due_s=?,reason=?,message=?,line=?,"
                      "evidence=CASE WHEN ?7='' THEN evidence ELSE ?7 END,digest=CASE WHEN ?8='' THEN digest ELSE ?8 END,"
                      "receipt=CASE WHEN ?9='' THEN receipt ELSE ?9 END,file_device=coalesce(?10,file_device),"
                      "file_inode=coalesce(?11,file_inode),size=coalesce(?12,size),file_size=coalesce(?12,file_size),"
                      "file_changed_s=coalesce(?13,file_changed_s),file_changed_ns=coalesce(?14,file_changed_ns) WHERE id=?15"));
  PV_TRY_VOID(prepare(all.claim, "UPDATE entry SET state=?,updated_s=?,due_s=NULL,attempts=attempts+1 WHERE id=?"));
  PV_TRY_VOID(prepare(all.file, "UPDATE entry SET filed=1,moved_to=?,updated_s=?,due_s=NULL WHERE id=? AND state IN (3,5)"));
  PV_TRY_VOID(prepare(all.file_by_hand,
                      "UPDATE entry SET state=?,updated_s=?,due_s=?,reason=?,message=?,filed=?,accepted_by=?,header_of=?,crashes=min(crashes,1),"
                      "evidence=CASE WHEN ?9 THEN '' ELSE evidence END WHERE id=?"));
  PV_TRY_VOID(prepare(all.entry, fmt::format("SELECT {} FROM entry WHERE id=?", kEntryColumns)));
  PV_TRY_VOID(prepare(all.tally,
                      "INSERT INTO tally(tenant,state,files) VALUES(?,?,?) ON CONFLICT(tenant,state) DO UPDATE SET files=files+excluded.files"));
  PV_TRY_VOID(prepare(all.arrival,
                      "INSERT INTO last_arrival(tenant,campaign,device,name,received_s) VALUES(?,?,?,?,?) ON CONFLICT(tenant,campaign,device) "
                      "DO UPDATE SET name=excluded.name,received_s=excluded.received_s"));
  return all;
}

Result<void> Ledger::State::make_ready(Durability durability) {
  if (!writing) return fail(Errc::denied, fmt::format("{}: it was opened for reading only", path.string()));
  if (durability_ == durability) return {};
  PV_TRY_VOID(writing->run(durability == Durability::power_cut ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  durability_ = durability;
  return {};
}

Result<void> Ledger::State::write_tallies() {
  for (const auto& [key, files] : tallies_) {
    if (files == 0) continue;
    PV_TRY_VOID(statements->tally.bind(1, key.first).bind(2, static_cast<std::int64_t>(key.second)).bind(3, files).run());
  }
  return {};
}

void Ledger::State::count_move(std::string_view tenant, FileState from, FileState to) {
  --tallies_[{std::string(tenant), from}];
  ++tallies_[{std::string(tenant), to}];
}

Result<LedgerEntry> Ledger::State::entry_locked(FileId id) {
  Statement& select = statements->entry;
  PV_TRY(const bool found, select.bind(1, id.value).step());
  if (!found) {
    select.reset();
    return fail(Errc::not_found, fmt::format("file {}: the ledger knows no such file", id.value));
  }
  LedgerEntry entry = read_entry(select);
  select.reset();
  return entry;
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(const std::filesystem::path& state_dir, Access access, std::function<std::int64_t()> now_s) {
  auto state = std::make_unique<State>();
  state->now_s = now_s ? std::move(now_s) : unix_now_s;
  state->path = state_dir / "ledger.sqlite";
  if (access == Access::read_write) {
    PV_TRY_VOID(make_private_folder(state_dir, GroupMay::pass));
    PV_TRY(state->writing, open_ledger_file(state->path, LedgerUse::write));
    PV_TRY(state->statements, LedgerStatements::prepare(*state->writing));
  }
  PV_TRY(state->reading, open_ledger_file(state->path, LedgerUse::read));
  return std::unique_ptr<Ledger>(new Ledger(std::move(state)));
}

// --- arrivals

namespace {

Result<std::optional<Standing>> standing_at(LedgerStatements& statements, std::string_view path) {
  Statement& select = statements.at_path;
  PV_TRY(const bool found, select.bind(1, path).step());
  std::optional<Standing> standing;
  if (found) {
    standing = Standing{{select.integer(0)},         static_cast<FileState>(select.integer(1)), select.integer(2) != 0, select.integer(3) != 0,
                        select.text(4) == kRemoved,  std::string(select.text(5)), way_of(select.text(6)),       read_identity(select, 7)};
  }
  select.reset();
  return standing;
}

std::uint64_t size_of(const Ledger::Arrival& arrival) {
  return arrival.identity ? static_cast<std::uint64_t>(arrival.identity->size) : arrival.file.size;
}

Result<FileId> insert(Ledger::Arrival const& arrival, LedgerStatements& statements, const Database& database, std::int64_t now_s) {
  const PathParts parts = parts_of(arrival.path);
  const Ledger::Refusal refusal = arrival.refusal.value_or(Ledger::Refusal{});
  const bool is_filed = arrival.refusal && !refusal.moved_to.empty();
  Statement& insert = statements.insert;
  insert.bind(1, std::string_view(arrival.path)).bind(2, parts.tenant).bind(3, parts.campaign).bind(4, parts.device).bind(5, parts.name);
  insert.bind(6, static_cast<std::int64_t>(arrival.refusal ? FileState::rejected : FileState::received));
  insert.bind(7, std::int64_t{is_filed}).bind(8, std::string_view(refusal.moved_to)).bind(9, static_cast<std::int64_t>(size_of(arrival)));
  bind_identity(insert, 10, arrival.identity);
  insert.bind(15, model::to_string(arrival.sender.way)).bind(16, std::string_view(arrival.sender.who));
  insert.bind(17, std::string_view(arrival.sender.address)).bind(18, now_s).bind(19, now_s);
  // Whoever refused it moves it; the intake only where that broke off.
  constexpr std::int64_t kMoment_s = 5;
  is_filed ? insert.bind_null(20) : insert.bind(20, arrival.refusal ? now_s + kMoment_s : now_s);
  insert.bind(21, std::string_view(refusal.reason)).bind(22, std::string_view(refusal.message)).bind(23, std::int64_t{refusal.line});
  insert.bind(24, std::string_view(refusal.digest));
  PV_TRY_VOID(insert.run());
  const FileId id{database.last_id()};
  if (!parts.device.empty()) {
    Statement& last = statements.arrival;
    PV_TRY_VOID(last.bind(1, parts.tenant).bind(2, parts.campaign).bind(3, parts.device).bind(4, parts.name).bind(5, now_s).run());
  }
  return id;
}

Result<void> begin_anew(LedgerStatements& statements, FileId id, FileState state, const Ledger::Arrival& arrival, std::int64_t now_s) {
  Statement& update = statements.begin_anew;
  update.bind(1, static_cast<std::int64_t>(state)).bind(2, static_cast<std::int64_t>(size_of(arrival)));
  bind_identity(update, 3, arrival.identity);
  update.bind(8, model::to_string(arrival.sender.way)).bind(9, std::string_view(arrival.sender.who));
  update.bind(10, std::string_view(arrival.sender.address)).bind(11, now_s).bind(12, now_s).bind(13, id.value);
  return update.run();
}

}  // namespace

Result<std::vector<Ledger::Arrived>> Ledger::arrive(std::span<const Arrival> arrivals) {
  State& state = *state_;
  const std::int64_t now = state.now_s();
  return state.write(State::Durability::power_cut, [&]() -> Result<std::vector<Arrived>> {
    std::vector<Arrived> arrived;
    arrived.reserve(arrivals.size());
    for (const Arrival& arrival : arrivals) {
      PV_TRY(const auto standing, standing_at(*state.statements, arrival.path));
      const bool is_decided = standing && (standing->state == FileState::committed || standing->state == FileState::rejected);
      const bool is_same = standing && (!arrival.identity || !standing->identity || arrival.identity == standing->identity);
      if (standing && !standing->filed && !arrival.refusal && (is_same || !is_decided)) {
        if (is_same) {
          if (knowledge(arrival.sender.way) > knowledge(standing->way)) {
            Statement& update = state.statements->better_sender;
            update.bind(1, model::to_string(arrival.sender.way)).bind(2, std::string_view(arrival.sender.who));
            PV_TRY_VOID(update.bind(3, std::string_view(arrival.sender.address)).bind(4, standing->id.value).run());
          }
          arrived.push_back({standing->id, standing->state, false});
          continue;
        }
        PV_TRY(const FileState next, next_state(standing->state, FileEvent::arrive));
        if (next == FileState::received) {
          state.count_move(standing->tenant, standing->state, next);
          PV_TRY_VOID(begin_anew(*state.statements, standing->id, next, arrival, now));
        }
        arrived.push_back({standing->id, next, true});
        continue;
      }
      if (standing && standing->filed && !arrival.refusal) {
        // Reported late: what was seen there has been filed since. Only what stands there now counts.
        const std::optional<FileIdentity> now_there = identity_of(arrival.file.path);
        const bool stays = is_same && standing->state == FileState::rejected && !standing->has_moved && !standing->was_removed;
        if (!now_there || stays) {
          arrived.push_back({standing->id, standing->state, false});
          continue;
        }
      }
      if (standing && arrival.refusal && is_same && standing->state == FileState::rejected && !standing->has_moved && !standing->was_removed) {
        // Refused before, and something came between that and its move, or comes each time.
        arrived.push_back({standing->id, standing->state, false});
        continue;
      }
      PV_TRY(const FileId id, insert(arrival, *state.statements, *state.writing, now));
      const FileState begins = arrival.refusal ? FileState::rejected : FileState::received;
      state.count_new(parts_of(arrival.path).tenant, begins);
      arrived.push_back({id, begins, true});
    }
    return arrived;
  });
}

}  // namespace pv::ingest
