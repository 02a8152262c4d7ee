/// What the ledger answers to those who ask.
#include <algorithm>

#include <fmt/format.h>

#include "ingest/ledger_state.h"

namespace pv::ingest {
namespace {

constexpr std::size_t kMostListed = 10'000;

}  // namespace

Result<std::optional<std::int64_t>> Ledger::next_due_s() {
  State& state = *state_;
  const std::int64_t now = state.now_s();
  const std::lock_guard lock(state.read_mutex);
  PV_TRY(Statement select, state.reading->prepare("SELECT min(due_s), max(due_s) FROM entry WHERE due_s IS NOT NULL"));
  PV_TRY(const bool found, select.step());
  if (!found || select.is_null(0)) return std::nullopt;
  // Far in the future: the clock was set back since, and the file is due (see claim()).
  if (select.integer(1) > now + 2 * kLongestWait_s) return now;
  return select.integer(0);
}

Result<LedgerEntry> Ledger::entry(FileId id) {
  State& state = *state_;
  const std::lock_guard lock(state.read_mutex);
  PV_TRY(Statement select, state.reading->prepare(fmt::format("SELECT {} FROM entry WHERE id=?", kEntryColumns)));
  PV_TRY(const bool found, select.bind(1, id.value).step());
  if (!found) return fail(Errc::not_found, fmt::format("file {}: the ledger knows no such file", id.value));
  return read_entry(select);
}

Result<std::optional<LedgerEntry>> Ledger::entry_at(std::string_view path) {
  State& state = *state_;
  const std::lock_guard lock(state.read_mutex);
  PV_TRY(Statement select, state.reading->prepare(fmt::format("SELECT {} FROM entry WHERE path=? ORDER BY id DESC LIMIT 1", kEntryColumns)));
  PV_TRY(const bool found, select.bind(1, path).step());
  if (!found) return std::nullopt;
  return read_entry(select);
}

Result<std::vector<LedgerEntry>> Ledger::list(const EntryFilter& filter) {
  std::string where = "1";
  std::vector<std::string> texts;
  const auto text = [&](std::string_view column, const std::string& value) {
    texts.push_back(value);
    where += fmt::format(" AND {}=?{}", column, texts.size());
  };
  if (filter.tenant) text("tenant", *filter.tenant);
  if (filter.campaign) text("campaign", *filter.campaign);
  if (filter.state) where += fmt::format(" AND state={}", static_cast<int>(*filter.state));
  // Spelled so that the partial index serves.
  if (filter.state && *filter.state >= FileState::held) where += " AND state>=4";
  if (filter.waiting) where += " AND filed=0";
  if (filter.since_s) where += fmt::format(" AND updated_s>={}", *filter.since_s);
  if (filter.before_s) where += fmt::format(" AND updated_s<{}", *filter.before_s);
  if (filter.before_id) where += fmt::format(" AND id<{}", filter.before_id->value);

  State& state = *state_;
  const std::lock_guard lock(state.read_mutex);
  PV_TRY(Statement select, state.reading->prepare(fmt::format("SELECT {} FROM entry WHERE {} ORDER BY id DESC LIMIT {}", kEntryColumns, where,
                                                              std::min(filter.limit, kMostListed))));
  for (std::size_t i = 0; i < texts.size(); ++i) select.bind(static_cast<int>(i) + 1, std::string_view(texts[i]));
  std::vector<LedgerEntry> entries;
  while (true) {
    PV_TRY(const bool found, select.step());
    if (!found) return entries;
    entries.push_back(read_entry(select));
  }
}

Result<std::vector<StateCount>> Ledger::counts() {
  State& state = *state_;
  const std::lock_guard lock(state.read_mutex);
  PV_TRY(Statement select, state.reading->prepare("SELECT tenant,state,files FROM tally WHERE files>0 ORDER BY tenant,state"));
  std::vector<StateCount> counts;
  while (true) {
    PV_TRY(const bool found, select.step());
    if (!found) return counts;
    counts.push_back({std::string(select.text(0)), static_cast<FileState>(select.integer(1)), static_cast<std::uint64_t>(select.integer(2))});
  }
}

Result<std::vector<LastArrival>> Ledger::last_arrivals() {
  State& state = *state_;
  const std::lock_guard lock(state.read_mutex);
  PV_TRY(Statement select, state.reading->prepare("SELECT tenant,campaign,device,name,received_s FROM last_arrival"));
  std::vector<LastArrival> arrivals;
  while (true) {
    PV_TRY(const bool found, select.step());
    if (!found) return arrivals;
    arrivals.push_back({std::string(select.text(0)), std::string(select.text(1)), std::string(select.text(2)), std::string(select.text(3)), select.integer(4)});
  }
}

Result<std::uint64_t> Ledger::bytes_waiting(const std::string& tenant) {
  State& state = *state_;
  const std::lock_guard lock(state.read_mutex);
  PV_TRY(Statement select, state.reading->prepare("SELECT coalesce(sum(size),0) FROM entry WHERE tenant=? AND filed=0"));
  PV_TRY([[maybe_unused]] const bool found, select.bind(1, std::string_view(tenant)).step());
  return static_cast<std::uint64_t>(select.integer(0));
}

}  // namespace pv::ingest
