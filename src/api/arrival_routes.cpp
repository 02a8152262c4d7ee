/// Files and their fates, and what people decide about them.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "api/arrival_sinks.h"
#include "api/arrival_text.h"
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/noun_routes.h"
#include "api/parameters.h"

namespace pv::api {
namespace {

using ingest::FileState;
using ingest::LedgerEntry;

constexpr std::int64_t kMostArrivals = 1000;
constexpr std::int64_t kLargest = 9'000'000'000'000'000;

Result<ingest::Ledger*> ledger_of(Call& call) {
  if (call.options.ledger == nullptr) return fail(Errc::unavailable, "this server keeps no ledger of files");
  return call.options.ledger;
}

/// The file named in the path. One of another company is as one that is not there.
Result<LedgerEntry> named_file(Call& call) {
  PV_TRY(ingest::Ledger* const ledger, ledger_of(call));
  const std::string& text = call.segments.at(1);
  model::FileId id;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  const auto nothing = [] { return fail(Errc::not_found, "there is no such file in this company"); };
  if (error != std::errc{} || end != text.data() + text.size()) return nothing();
  auto entry = ledger->entry(id);
  if (!entry && entry.error().kind() != Errc::not_found) return fail(std::move(entry).error());
  if (!entry || entry->tenant != call.tenant().str()) return nothing();
  return std::move(*entry);
}

Result<ingest::EntryFilter> filter_of(Call& call) {
  PV_TRY_VOID(check_known(call.request, {"state", "waiting", "campaign", "since", "limit", "before"}));
  ingest::EntryFilter filter;
  if (call.company) filter.tenant = call.tenant().str();
  if (const auto campaign = text_param(call.request, "campaign")) filter.campaign = std::string(*campaign);
  if (const auto state = text_param(call.request, "state"); state && !state->empty()) {
    filter.state = ingest::state_of(*state);
    if (!filter.state) {
      return fail(Errc::invalid_input, "parameter state: must be received, claimed, parsed, committed, held or rejected");
    }
  }
  PV_TRY(const auto waiting, int_param(call.request, "waiting", 0, 1));
  filter.waiting = waiting.value_or(0) == 1;
  if (const auto since = text_param(call.request, "since")) {
    PV_TRY(filter.since_s, parse_instant("since", *since));
  }
  PV_TRY(const auto limit, int_param(call.request, "limit", 1, kMostArrivals));
  filter.limit = static_cast<std::size_t>(limit.value_or(200));
  PV_TRY(const auto before, int_param(call.request, "before", 1, kLargest));
  if (before) filter.before_id = model::FileId{*before};
  return filter;
}

Result<void> write_counts(Call& call, ingest::Ledger& ledger, JsonText& json) {
  PV_TRY(const std::vector<ingest::StateCount> counts, ledger.counts());
  std::array<std::uint64_t, ingest::kFileStates.size()> files{};
  for (const ingest::StateCount& count : counts) {
    if (!call.company || count.tenant == call.tenant().str()) files.at(static_cast<std::size_t>(count.state)) += count.files;
  }
  json.key("counts");
  json.begin_object();
  for (const FileState state : ingest::kFileStates) json.member(ingest::to_string(state), files.at(static_cast<std::size_t>(state)));
  json.end_object();
  return {};
}

Reply file_reply(Call& call, const LedgerEntry& entry) {
  JsonText json;
  write_file(entry, sinks_of(call, entry), Detail::whole, json);
  return json_reply(std::move(json).take());
}

/// Puts a decision on the audit trail, and lets the intake see what it may do now.
Result<Reply> decided(Call& call, const LedgerEntry& entry, std::string_view action, std::string detail) {
  PV_TRY_VOID(call.registry.note({.time_s = 0, .who = call.actor().name, .address = call.address, .action = std::string(action),
                                  .subject = entry.path, .detail = std::move(detail), .tenant = entry.tenant}));
  if (call.options.wake_intake) call.options.wake_intake();
  return file_reply(call, entry);
}

}  // namespace

Result<Reply> list_arrivals(Call& call) {
  PV_TRY(const ingest::EntryFilter filter, filter_of(call));
  PV_TRY(ingest::Ledger* const ledger, ledger_of(call));
  PV_TRY(const std::vector<LedgerEntry> entries, ledger->list(filter));
  JsonText json;
  json.begin_object();
  json.key("files");
  json.begin_array();
  const std::map<std::string, ingest::SinkFacts> sinks = sinks_of(call, entries);
  for (const LedgerEntry& entry : entries) write_file(entry, facts_of(entry, sinks), Detail::listed, json);
  json.end_array();
  PV_TRY_VOID(write_counts(call, *ledger, json));
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> show_arrival(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const LedgerEntry entry, named_file(call));
  return file_reply(call, entry);
}

Result<Reply> retry_arrival(Call& call) {
  PV_TRY_VOID(JsonBody::parse(call.body, {}));
  PV_TRY(const LedgerEntry entry, named_file(call));
  PV_TRY(const LedgerEntry changed, call.options.ledger->retry(entry.id, call.actor().name));
  return decided(call, changed, "file.retry", "");
}

Result<Reply> accept_arrival(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"header_of"}));
  PV_TRY(const auto header_of, body.optional_text("header_of"));
  PV_TRY(const LedgerEntry entry, named_file(call));
  PV_TRY(const LedgerEntry changed, call.options.ledger->accept(entry.id, call.actor().name, header_of.value_or("")));
  return decided(call, changed, "file.accept", header_of ? "with the header of " + *header_of : "");
}

Result<Reply> reject_arrival(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"message"}));
  PV_TRY(const auto message, body.optional_text("message"));
  if (message && message->size() > 1000) return fail(Errc::invalid_input, "member \"message\": 1000 bytes at most");
  PV_TRY(const LedgerEntry entry, named_file(call));
  PV_TRY(const LedgerEntry changed, call.options.ledger->reject(entry.id, call.actor().name, message.value_or("")));
  return decided(call, changed, "file.reject", message.value_or(""));
}

/// Exactly 200 is success to SFTPGo; 5xx make it ask again.
Result<Reply> take_hook(Call& call) {
  const auto done = call.options.take_hook(call.body);
  if (!done && done.error().kind() == Errc::invalid_input) return fail(done.error());
  if (!done) return fail(Errc::unavailable, done.error().message());
  JsonText json;
  json.begin_object();
  json.member("result", std::string_view(*done));
  json.end_object();
  return json_reply(std::move(json).take());
}

}  // namespace pv::api
