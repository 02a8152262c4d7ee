/// What workers and persons do with the ledger's entries.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ingest/ledger_state.h"

namespace pv::ingest {
namespace {

/// Beyond this a due time is no back-off but a clock that was set back since.
constexpr std::int64_t kDueHorizon_s = 2 * kLongestWait_s;
constexpr std::string_view kDue = "due_s IS NOT NULL AND (due_s<=?1 OR due_s>?2)";

using Entries = std::vector<LedgerEntry>;
using Durability = Ledger::State::Durability;

struct Brief {
  FileState state = FileState::received;
  std::string tenant;
  bool filed = false;
};

Result<Brief> brief_of(Ledger::State& state, FileId id) {
  Statement& select = state.statements->brief;
  PV_TRY(const bool found, select.bind(1, id.value).step());
  if (!found) {
    select.reset();
    return fail(Errc::not_found, fmt::format("file {}: the ledger knows no such file", id.value));
  }
  Brief brief{static_cast<FileState>(select.integer(0)), std::string(select.text(1)), select.integer(2) != 0};
  select.reset();
  return brief;
}

Result<bool> has_due(Ledger::State& state, std::int64_t now_s) {
  PV_TRY(Statement select, state.writing->prepare(fmt::format("SELECT 1 FROM entry WHERE {} LIMIT 1", kDue)));
  return select.bind(1, now_s).bind(2, now_s + kDueHorizon_s).step();
}

struct Portion {
  std::size_t most_files;
  std::uint64_t most_bytes;
};

/// Due entries, oldest first, of a tenant or (none) of any.
Result<Entries> due_entries(Ledger::State& state, std::string_view condition, const std::string* tenant, std::int64_t now_s, Portion portion) {
  PV_TRY(Statement select, state.writing->prepare(fmt::format("SELECT {} FROM entry WHERE {} {} ORDER BY due_s, id", kEntryColumns, kDue, condition)));
  select.bind(1, now_s).bind(2, now_s + kDueHorizon_s);
  if (tenant != nullptr) select.bind(3, std::string_view(*tenant));
  Entries entries;
  std::uint64_t bytes = 0;
  while (entries.size() < portion.most_files) {
    PV_TRY(const bool found, select.step());
    if (!found) break;
    LedgerEntry entry = read_entry(select);
    bytes += entry.size;
    if (!entries.empty() && bytes > portion.most_bytes) break;
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// The tenant whose file waits longest and that no worker has.
Result<std::optional<std::string>> free_tenant(Ledger::State& state, std::int64_t now_s) {
  PV_TRY(Statement select, state.writing->prepare(fmt::format("SELECT tenant FROM entry WHERE {} ORDER BY due_s", kDue)));
  select.bind(1, now_s).bind(2, now_s + kDueHorizon_s);
  while (true) {
    PV_TRY(const bool found, select.step());
    if (!found) return std::nullopt;
    std::string tenant(select.text(0));
    if (!state.busy.contains(tenant)) return tenant;
  }
}

Result<void> mark_claimed(Ledger::State& state, LedgerEntry& entry, std::int64_t now_s) {
  PV_TRY(const FileState next, next_state(entry.state, FileEvent::claim));
  if (next != entry.state) state.count_move(entry.tenant, entry.state, next);
  entry.state = next;
  entry.next_attempt_s = 0;
  ++entry.attempts;
  return state.statements->claim.bind(1, static_cast<std::int64_t>(next)).bind(2, now_s).bind(3, entry.id.value).run();
}

Result<void> write_step(Ledger::State& state, const Ledger::Step& step, FileState next, std::int64_t now_s) {
  Statement& update = state.statements->step;
  update.bind(1, static_cast<std::int64_t>(next)).bind(2, now_s);
  const bool is_due = step.event == FileEvent::postpone || step.event == FileEvent::crash || step.event == FileEvent::arrive;
  is_due ? update.bind(3, std::max(step.next_attempt_s, std::int64_t{1})) : update.bind_null(3);
  update.bind(4, std::string_view(step.reason)).bind(5, std::string_view(step.message)).bind(6, std::int64_t{step.line});
  update.bind(7, std::string_view(evidence_text(step.evidence))).bind(8, std::string_view(step.digest)).bind(9, std::string_view(step.receipt_json));
  bind_identity(update, 10, step.identity);
  update.bind(15, step.id.value);
  return update.run();
}

Durability durability_of(std::span<const Ledger::Step> steps) {
  const bool is_final = std::any_of(steps.begin(), steps.end(), [](const Ledger::Step& step) {
    return step.event == FileEvent::commit || step.event == FileEvent::hold || step.event == FileEvent::reject;
  });
  return is_final ? Durability::power_cut : Durability::crash;
}

}  // namespace

Result<Entries> Ledger::claim(std::size_t most_files, std::uint64_t most_bytes, std::int64_t now_s) {
  State& state = *state_;
  const std::lock_guard lock(state.write_mutex);
  if (state.is_alone || most_files == 0) return Entries{};
  if (!state.writing) return fail(Errc::denied, fmt::format("{}: it was opened for reading only", state.path.string()));
  PV_TRY(const bool any, has_due(state, now_s));
  if (!any) return Entries{};
  bool is_alone = false;
  auto entries = state.write_locked(Durability::crash, [&]() -> Result<Entries> {
    PV_TRY(Entries claimed, due_entries(state, "AND crashes>0", nullptr, now_s, {1, most_bytes}));
    is_alone = !claimed.empty();
    if (is_alone && !state.busy.empty()) return Entries{};
    if (!is_alone) {
      PV_TRY(const auto tenant, free_tenant(state, now_s));
      if (!tenant) return Entries{};
      PV_TRY(claimed, due_entries(state, "AND tenant=?3", &*tenant, now_s, {most_files, most_bytes}));
    }
    for (LedgerEntry& entry : claimed) PV_TRY_VOID(mark_claimed(state, entry, now_s));
    return claimed;
  });
  if (entries && !entries->empty()) {
    state.busy.insert(entries->front().tenant);
    state.is_alone = is_alone;
  }
  return entries;
}

void Ledger::release_tenant(const std::string& tenant) {
  const std::lock_guard lock(state_->write_mutex);
  state_->busy.erase(tenant);
  state_->is_alone = false;
}

Result<Entries> Ledger::claim_these(std::span<const FileId> ids) {
  State& state = *state_;
  const std::int64_t now = state.now_s();
  return state.write(Durability::crash, [&]() -> Result<Entries> {
    Entries claimed;
    for (const FileId id : ids) {
      PV_TRY(LedgerEntry entry, state.entry_locked(id));
      if (entry.is_settled() || entry.state == FileState::claimed || entry.state == FileState::parsed) continue;
      if (entry.crashes > 0 && ids.size() > 1) continue;
      PV_TRY_VOID(mark_claimed(state, entry, now));
      claimed.push_back(std::move(entry));
    }
    return claimed;
  });
}

Result<void> Ledger::record(std::span<const Step> steps) {
  State& state = *state_;
  const std::int64_t now = state.now_s();
  std::optional<Error> conflict;
  auto written = state.write(durability_of(steps), [&]() -> Result<void> {
    for (const Step& step : steps) {
      PV_TRY(const Brief brief, brief_of(state, step.id));
      const auto next = next_state(brief.state, step.event);
      if (!next || brief.filed) {
        conflict = Error(Errc::conflict, fmt::format("file {}: {}", step.id.value, next ? "it has been settled meanwhile" : next.error().message()));
        continue;
      }
      if (*next != brief.state) state.count_move(brief.tenant, brief.state, *next);
      PV_TRY_VOID(write_step(state, step, *next, now));
    }
    return {};
  });
  if (!written) return written;
  if (conflict) return fail(*conflict);
  return {};
}

Result<void> Ledger::filed(std::span<const Filed> moves) {
  State& state = *state_;
  const std::int64_t now = state.now_s();
  return state.write(Durability::crash, [&]() -> Result<void> {
    for (const Filed& move : moves) {
      PV_TRY_VOID(state.statements->file.bind(1, std::string_view(move.moved_to)).bind(2, now).bind(3, move.id.value).run());
    }
    return {};
  });
}

Result<void> Ledger::moved_back(FileId id) {
  State& state = *state_;
  return state.write(Durability::crash, [&]() -> Result<void> {
    PV_TRY(Statement update, state.writing->prepare("UPDATE entry SET moved_to='' WHERE id=? AND filed=0"));
    return update.bind(1, id.value).run();
  });
}

Result<void> Ledger::renamed(std::string_view from_path, std::string_view to_path) {
  State& state = *state_;
  return state.write(Durability::power_cut, [&]() -> Result<void> {
    PV_TRY(Statement update, state.writing->prepare("UPDATE entry SET path=?1,campaign=?2,device=?3,name=?4,updated_s=?5 WHERE path=?6 AND filed=0"));
    const PathParts parts = parts_of(to_path);
    update.bind(1, to_path).bind(2, parts.campaign).bind(3, parts.device).bind(4, parts.name).bind(5, state.now_s()).bind(6, from_path);
    return update.run();
  });
}

Result<void> Ledger::withdraw(std::string_view path, std::string_view who) {
  State& state = *state_;
  const std::int64_t now = state.now_s();
  return state.write(Durability::power_cut, [&]() -> Result<void> {
    PV_TRY(Statement select, state.writing->prepare(fmt::format("SELECT {} FROM entry WHERE path=? AND filed=0 ORDER BY id DESC LIMIT 1", kEntryColumns)));
    PV_TRY(const bool found, select.bind(1, path).step());
    if (!found) return {};
    const LedgerEntry entry = read_entry(select);
    select.reset();
    if (entry.state != FileState::received && entry.state != FileState::held) {
      return fail(Errc::denied, fmt::format("{}: it has been taken already, and what was taken stays", entry.name));
    }
    PV_TRY(const FileState next, next_state(entry.state, FileEvent::reject));
    state.count_move(entry.tenant, entry.state, next);
    const Step step{.id = entry.id, .event = FileEvent::reject, .reason = std::string(kRemoved), .message = fmt::format("removed by {}", who.empty() ? "its sender" : who)};
    PV_TRY_VOID(write_step(state, step, next, now));
    return state.statements->file.bind(1, std::string_view{}).bind(2, now).bind(3, entry.id.value).run();
  });
}

Result<std::uint64_t> Ledger::recover(std::int64_t now_s) {
  State& state = *state_;
  constexpr const char* kLeft = "SELECT id,state,tenant,crashes FROM entry WHERE filed=0 AND (state IN (1,2) OR (state IN (3,5) AND due_s IS NULL))";
  {
    const std::lock_guard lock(state.read_mutex);
    PV_TRY(Statement select, state.reading->prepare(kLeft));
    PV_TRY(const bool any, select.step());
    if (!any && state.writing) return 0;
  }
  return state.write(Durability::power_cut, [&]() -> Result<std::uint64_t> {
    PV_TRY(Statement select, state.writing->prepare(kLeft));
    PV_TRY(Statement crash, state.writing->prepare("UPDATE entry SET crashes=crashes+1 WHERE id=?"));
    struct Left {
      FileId id;
      FileState state;
      std::string tenant;
      std::uint32_t crashes;
    };
    std::vector<Left> left;
    while (true) {
      PV_TRY(const bool found, select.step());
      if (!found) break;
      left.push_back({{select.integer(0)}, static_cast<FileState>(select.integer(1)), std::string(select.text(2)), static_cast<std::uint32_t>(select.integer(3))});
    }
    select.reset();
    for (const Left& file : left) {
      const bool was_read = file.state == FileState::claimed || file.state == FileState::parsed;
      Step step{.id = file.id, .event = FileEvent::crash, .next_attempt_s = now_s};
      if (was_read && file.crashes + 1 >= kCrashesToHold) {
        step.event = FileEvent::hold;
        step.reason = "crashed";
        step.message = fmt::format("the program ended {} times while it worked on this file; look at it with 'powerview inspect', then accept or reject it", file.crashes + 1);
      }
      PV_TRY(const FileState next, next_state(file.state, step.event));
      if (next != file.state) state.count_move(file.tenant, file.state, next);
      PV_TRY_VOID(write_step(state, step, next, now_s));
      if (was_read) PV_TRY_VOID(crash.bind(1, file.id.value).run());
    }
    return left.size();
  });
}

// --- a person's decisions

namespace {

struct ByHand {
  FileId id;
  FileEvent event;
  std::string reason = {}, message = {}, accepted_by = {}, header_of = {};
};

Result<LedgerEntry> decide(Ledger::State& state, const ByHand& hand) {
  const std::int64_t now = state.now_s();
  return state.write(Durability::power_cut, [&]() -> Result<LedgerEntry> {
    PV_TRY(const LedgerEntry entry, state.entry_locked(hand.id));
    if (entry.state == FileState::claimed || entry.state == FileState::parsed) {
      return fail(Errc::conflict, fmt::format("{}: it is being read just now; try again in a moment", entry.path));
    }
    const auto next = next_state(entry.state, hand.event);
    if (!next) return fail(Error(next.error()).with(entry.path));
    if (entry.state == FileState::rejected && entry.filed && entry.moved_to.empty()) {
      return fail(Errc::conflict, fmt::format("{}: there is nothing left that could be tried: {}", entry.path, entry.message));
    }
    if (!hand.header_of.empty()) {
      const std::string inside = entry.tenant + "/";
      const std::string padded = "/" + hand.header_of + "/";
      const bool is_plain = padded.find("/../") == std::string::npos && padded.find("/./") == std::string::npos && padded.find("//") == std::string::npos &&
                            hand.header_of.find('\0') == std::string::npos;
      if (!is_plain || !hand.header_of.starts_with(inside)) {
        return fail(Errc::invalid_input, fmt::format("header_of: {}: give the path of a file of {}, as the list of files shows it", hand.header_of, entry.tenant));
      }
    }
    if (*next != entry.state) state.count_move(entry.tenant, entry.state, *next);
    Statement& update = state.statements->file_by_hand;
    update.bind(1, static_cast<std::int64_t>(*next)).bind(2, now).bind(3, now).bind(4, std::string_view(hand.reason));
    update.bind(5, std::string_view(hand.message)).bind(6, std::int64_t{0}).bind(7, std::string_view(hand.accepted_by));
    update.bind(8, std::string_view(hand.header_of)).bind(9, std::int64_t{hand.event == FileEvent::retry}).bind(10, hand.id.value);
    PV_TRY_VOID(update.run());
    return state.entry_locked(hand.id);
  });
}

}  // namespace

Result<LedgerEntry> Ledger::retry(FileId id, std::string_view who) {
  return decide(*state_, {.id = id, .event = FileEvent::retry, .message = who.empty() ? "" : fmt::format("to be tried again: {} asks for it", who)});
}

Result<LedgerEntry> Ledger::accept(FileId id, std::string_view who, std::string_view header_of) {
  return decide(*state_, {.id = id, .event = FileEvent::accept, .accepted_by = std::string(who), .header_of = std::string(header_of)});
}

Result<LedgerEntry> Ledger::reject(FileId id, std::string_view who, std::string_view message) {
  return decide(*state_, {.id = id, .event = FileEvent::reject, .reason = "rejected_by_hand",
                          .message = message.empty() ? fmt::format("rejected by {}", who) : fmt::format("rejected by {}: {}", who, message)});
}

Result<void> Ledger::erase_tenant(const model::TenantName& tenant) {
  State& state = *state_;
  return state.write(State::Durability::power_cut, [&]() -> Result<void> {
    for (const char* table : {"entry", "tally", "last_arrival"}) {
      PV_TRY(Statement erase, state.writing->prepare(fmt::format("DELETE FROM {} WHERE tenant=?", table)));
      PV_TRY_VOID(erase.bind(1, std::string_view(tenant.str())).run());
    }
    return {};
  });
}

}  // namespace pv::ingest
