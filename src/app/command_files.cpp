#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/access.h"
#include "app/command.h"
#include "app/copies.h"
#include "ingest/ledger.h"
#include "ingest/receipt.h"

namespace pv::app {
namespace files_command {
namespace {

using ingest::LedgerEntry;
using Json = nlohmann::ordered_json;

enum class Output : std::uint8_t { text, json };

struct Options {
  CommonOptions common;
  std::string file;  // id or path
  std::optional<std::string> tenant, campaign, state, since, before;
  bool waiting = false;
  std::size_t limit = 200;
  std::string header_of, message;
  Output output = Output::text;
};

Result<std::unique_ptr<ingest::Ledger>> open_ledger(const Options& options, ingest::Ledger::Access access) {
  PV_TRY(const Settings settings, settings_for(options.common));
  return ingest::Ledger::open(settings.state_dir, access);
}

/// A path below the data folder, of one that is that already or leads there from where the person works.
Result<std::string> path_below_data(const Options& options, const std::string& path) {
  PV_TRY(const Settings settings, settings_for(options.common));
  const std::filesystem::path file = path;
  const auto inside = (real_folder(file.parent_path()) / file.filename()).lexically_relative(real_folder(settings.data_folder));
  const bool is_inside = !inside.empty() && *inside.begin() != "..";
  return is_inside ? inside.string() : path;
}

/// By its number, or the newest at a path below the data folder (or in it, as the shell completes it).
Result<LedgerEntry> entry_named(ingest::Ledger& ledger, const Options& options) {
  std::int64_t id = 0;
  const auto [end, code] = std::from_chars(options.file.data(), options.file.data() + options.file.size(), id);
  if (code == std::errc{} && end == options.file.data() + options.file.size()) return ledger.entry(ingest::FileId{id});
  PV_TRY(const std::string path, path_below_data(options, options.file));
  PV_TRY(auto found, ledger.entry_at(path));
  if (!found) return fail(Errc::not_found, fmt::format("{}: no such file was handed in; 'powerview files' lists them", options.file));
  return std::move(*found);
}

/// Which sinks have files; nothing is said where there is no other system.
class Sinks {
 public:
  static Result<Sinks> open(const Options& options) {
    PV_TRY(const Settings settings, settings_for(options.common));
    Sinks sinks;
    const std::vector<std::string> names = copy_sinks(settings);
    if (names.empty()) return sinks;
    auto outbox = ingest::Outbox::open(settings.state_dir, names, ingest::Outbox::Access::read_only);
    if (!outbox && outbox.error().kind() != Errc::not_found) return fail(std::move(outbox).error());
    if (outbox) sinks.outbox_ = std::move(*outbox);
    return sinks;
  }
  Result<ingest::SinkFacts> of(const LedgerEntry& entry) {
    if (!outbox_ || entry.state != ingest::FileState::committed) return ingest::SinkFacts();
    PV_TRY(const auto known, outbox_->standing_of(std::span(&entry.digest, 1)));
    const auto found = known.find(entry.digest);
    return found == known.end() ? ingest::SinkFacts() : found->second;
  }
  [[nodiscard]] ingest::Outbox* outbox() noexcept { return outbox_.get(); }

 private:
  std::unique_ptr<ingest::Outbox> outbox_;
};

Json json_of(const LedgerEntry& entry, const ingest::SinkFacts& sinks) {
  Json json = {{"id", entry.id.value}, {"path", entry.path}, {"tenant", entry.tenant}, {"campaign", entry.campaign}, {"device", entry.device},
               {"name", entry.name}, {"state", to_string(entry.state)}, {"filed", entry.filed}, {"moved_to", entry.moved_to}, {"size", entry.size},
               {"digest", entry.digest}, {"way", to_string(entry.sender.way)}, {"who", entry.sender.who}, {"address", entry.sender.address},
               {"received", entry.received_s}, {"updated", entry.updated_s}, {"next_attempt", entry.next_attempt_s}, {"attempts", entry.attempts},
               {"crashes", entry.crashes}, {"reason", entry.reason}, {"message", entry.message}, {"line", entry.line}, {"evidence", Json::array()},
               {"accepted_by", entry.accepted_by}, {"header_of", entry.header_of}};
  for (const ingest::Evidence& evidence : entry.evidence) json["evidence"].push_back({{"what", evidence.what}, {"column", evidence.column}});
  json["sinks"] = {{"total", sinks.total}, {"waiting", sinks.waiting}, {"refused", sinks.refused}};
  json["receipt"] = entry.receipt_json.empty() ? Json() : Json::parse(entry.receipt_json, nullptr, false);
  return json;
}

std::string text_of(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

/// A text of several lines, fit for a terminal.
std::string shown_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += shown(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string fate_of(const LedgerEntry& entry, const ingest::SinkFacts& sinks) {
  switch (entry.state) {
    case ingest::FileState::received: return entry.reason.empty() ? "waiting" : "waiting: " + entry.reason;
    case ingest::FileState::claimed:
    case ingest::FileState::parsed: return "at work";
    case ingest::FileState::committed: return ingest::stored_text(sinks) + (entry.filed ? "" : ", not yet moved");
    case ingest::FileState::held: return "HELD: " + entry.reason;
    case ingest::FileState::rejected: return "rejected: " + entry.reason;
  }
  return "";
}

Result<void> list(const Options& options) {
  PV_TRY(const auto ledger, open_ledger(options, ingest::Ledger::Access::read_only));
  ingest::EntryFilter filter;
  filter.tenant = options.tenant;
  filter.campaign = options.campaign;
  filter.waiting = options.waiting;
  filter.limit = options.limit;
  if (options.state) {
    filter.state = ingest::state_of(*options.state);
    if (!filter.state) return fail(Errc::invalid_input, fmt::format("--state: '{}' is none; received, claimed, parsed, committed, held, rejected are", *options.state));
  }
  if (options.since) {
    PV_TRY(filter.since_s, parse_instant(*options.since, model::Zone::utc(), "--since"));
  }
  if (options.before) {
    PV_TRY(filter.before_s, parse_instant(*options.before, model::Zone::utc(), "--before"));
  }
  PV_TRY(const std::vector<LedgerEntry> entries, ledger->list(filter));
  PV_TRY(Sinks sinks, Sinks::open(options));
  if (options.output == Output::json) {
    Json all = Json::array();
    for (const LedgerEntry& entry : entries) {
      PV_TRY(const ingest::SinkFacts facts, sinks.of(entry));
      all.push_back(json_of(entry, facts));
    }
    print(text_of(all));
    return {};
  }
  for (const LedgerEntry& entry : entries) {
    PV_TRY(const ingest::SinkFacts facts, sinks.of(entry));
    fmt::print("{:>7}  {}  {:<26}  {}\n", entry.id.value, moment_text(entry.updated_s), fate_of(entry, facts), shown(entry.path));
  }
  if (entries.empty()) fmt::print("no files\n");
  if (entries.size() == options.limit) fmt::print("(the newest {}; --limit gives more)\n", options.limit);
  return {};
}

/// Points that another system will never take.
Result<void> list_refused(const Options& options) {
  PV_TRY(Sinks sinks, Sinks::open(options));
  std::optional<model::TenantName> tenant;
  if (options.tenant) {
    PV_TRY(tenant, model::TenantName::parse(*options.tenant));
  }
  std::vector<ingest::RefusedRow> rows;
  if (sinks.outbox() != nullptr) {
    PV_TRY(rows, sinks.outbox()->refused(tenant, options.limit));
  }
  if (options.output == Output::json) {
    Json all = Json::array();
    for (const ingest::RefusedRow& row : rows) {
      all.push_back({{"sink", row.sink}, {"tenant", row.tenant}, {"campaign", row.point.campaign}, {"logger", row.point.logger_sn}, {"field", row.point.field},
                     {"time", row.point.time_s}, {"reason", row.point.reason}, {"file", row.file}, {"line", row.line}, {"refused", row.at_s}});
    }
    print(text_of(all));
    return {};
  }
  for (const ingest::RefusedRow& row : rows) {
    fmt::print("{}  {}  {}{}  {} {}: {}\n", row.sink, shown(row.tenant), row.file.empty() ? "(file not known)" : shown(row.file), row.line > 0 ? fmt::format(":{}", row.line) : "",
               shown(row.point.field), moment_text(row.point.time_s), shown(row.point.reason));
  }
  if (rows.empty()) fmt::print("no point was refused\n");
  return {};
}

Result<void> show(const Options& options) {
  PV_TRY(const auto ledger, open_ledger(options, ingest::Ledger::Access::read_only));
  PV_TRY(const LedgerEntry entry, entry_named(*ledger, options));
  PV_TRY(Sinks sinks, Sinks::open(options));
  PV_TRY(const ingest::SinkFacts facts, sinks.of(entry));
  if (options.output == Output::json) {
    print(text_of(json_of(entry, facts)));
    return {};
  }
  const auto line = [](std::string_view name, const std::string& value) {
    if (!value.empty()) fmt::print("{:<14}{}\n", fmt::format("{}:", name), shown(value));
  };
  line("file", fmt::format("{}", entry.id.value));
  line("path", entry.path);
  line("state", std::string(to_string(entry.state)));
  line("fate", fate_of(entry, facts));
  for (const std::string& sink : facts.waiting) line("waiting", sink);
  line("lies at", entry.moved_to.empty() ? entry.path : entry.moved_to);
  line("size", bytes_text(entry.size));
  line("sha256", entry.digest);
  line("came by", fmt::format("{}{}{}{}{}", to_string(entry.sender.way), entry.sender.who.empty() ? "" : ", ", entry.sender.who,
                              entry.sender.address.empty() ? "" : ", from ", entry.sender.address));
  line("received", moment_text(entry.received_s));
  line("last change", moment_text(entry.updated_s));
  if (entry.state == ingest::FileState::received) line("next attempt", moment_text(entry.next_attempt_s));
  line("attempts", fmt::format("{}{}", entry.attempts, entry.crashes > 0 ? fmt::format(", {} crashes", entry.crashes) : ""));
  line("why", entry.message);
  if (entry.line > 0) line("line", fmt::format("{}", entry.line));
  // What a hold has shown stays on record after it was settled.
  const char* const seen = entry.state == ingest::FileState::held ? "evidence" : "was held for";
  for (const ingest::Evidence& evidence : entry.evidence) line(seen, evidence.column.empty() ? evidence.what : fmt::format("{}: {}", evidence.column, evidence.what));
  line("accepted by", entry.accepted_by);
  line("header of", entry.header_of);
  if (!entry.receipt_json.empty()) print("\n" + shown_lines(ingest::receipt_text(entry.name, entry.receipt_json)));
  if (entry.state == ingest::FileState::held) {
    fmt::print("\nTo settle it:\n  powerview files accept {0}                     take it as it is\n"
               "  powerview files accept {0} --header-of FILE    take its rows under the header of another file of this logger\n"
               "  powerview files reject {0}                     put it into error/\n", entry.id.value);
  }
  return {};
}

/// What a person decides of a file, as the pages note it too.
struct Deed {
  std::string action;  // of the audit trail
  std::string detail;
  std::function<Result<LedgerEntry>(ingest::Ledger&, ingest::FileId, const std::string& who)> run;
};

Result<void> decide(const Options& options, const Deed& deed) {
  PV_TRY(const auto ledger, open_ledger(options, ingest::Ledger::Access::read_write));
  PV_TRY(const LedgerEntry entry, entry_named(*ledger, options));
  // Opened first: what cannot be noted is not done.
  PV_TRY(const auto registry, open_registry(options.common));
  const tenancy::Actor by = command_line();
  const auto now = deed.run(*ledger, entry.id, by.name);
  if (!now) {
    // Only what is at work may be decided on a moment later.
    const bool is_at_work = entry.state == ingest::FileState::claimed || entry.state == ingest::FileState::parsed;
    return fail(now.error().kind() == Errc::conflict && !is_at_work ? Error(Errc::invalid_input, now.error().message()) : now.error());
  }
  PV_TRY_VOID(registry->note({.time_s = 0, .who = by.name, .address = by.address, .action = deed.action, .subject = now->path, .detail = deed.detail, .tenant = now->tenant}));
  fmt::print("{}: {}. A running 'powerview serve' takes it from here; otherwise the next 'powerview ingest' does\n", shown(now->path), to_string(now->state));
  return {};
}

}  // namespace
}  // namespace files_command

void add_files(const Command& app, Chosen& chosen) {
  using namespace files_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("files", "Every file that was handed in, with its fate");
  command.allow_subcommand();
  const auto filters = [&](const Command& sub) {
    sub.add_option("--tenant", options->tenant, "Of this company only");
    sub.add_option("--campaign", options->campaign, "Of this campaign only");
    sub.add_option("--state", options->state, "received, claimed, parsed, committed, held or rejected");
    sub.add_option("--since", options->since, "Changed at or after this moment (UTC)").type_name("TIME");
    sub.add_option("--before", options->before, "Changed before this moment (UTC)").type_name("TIME");
    sub.add_flag("--waiting", options->waiting, "Only what is not settled for good");
    sub.add_option("--limit", options->limit, "So many at most").between(1, 1'000'000);
    sub.add_flag_callback("--json", [options] { options->output = Output::json; }, "Print JSON");
  };
  add_common_options(command, options->common);
  filters(command);
  command.callback([command, options, &chosen] {
    if (command.has_subcommand()) return;
    chosen = [options] {
      const Result<void> listed = list(*options);
      return listed ? ExitCode::done : report(listed.error());
    };
  });
  const auto action = [&](const char* name, const char* help, std::function<Result<void>()> run) {
    Command sub = add_action(command, name, help, options->common, chosen, std::move(run));
    sub.add_option("file", options->file, "Number of the file, or its path below the data folder").required();
    return sub;
  };
  filters(add_action(command, "list", "The files, newest first (also without a word)", options->common, chosen, [options] { return list(*options); }));
  Command refused = add_action(command, "refused", "Points that another system (InfluxDB, VictoriaMetrics) will never take, with file and line", options->common, chosen,
                                 [options] { return list_refused(*options); });
  refused.add_option("--tenant", options->tenant, "Of this company only");
  refused.add_option("--limit", options->limit, "So many at most").between(1, 1'000'000);
  refused.add_flag_callback("--json", [options] { options->output = Output::json; }, "Print JSON");
  action("show", "All that is known of a file", [options] { return show(*options); })
      .add_flag_callback("--json", [options] { options->output = Output::json; }, "Print JSON");
  action("retry", "Try again now: a file that waits, is held or was rejected", [options] {
    return decide(*options, {"file.retry", "",
                             [](ingest::Ledger& ledger, ingest::FileId id, const std::string& who) { return ledger.retry(id, who); }});
  });
  action("accept", "Take a held file", [options]() -> Result<void> {
    if (!options->header_of.empty()) {
      PV_TRY(options->header_of, path_below_data(*options, options->header_of));
    }
    return decide(*options, {"file.accept", options->header_of.empty() ? "" : "with the header of " + options->header_of,
                             [&](ingest::Ledger& ledger, ingest::FileId id, const std::string& who) { return ledger.accept(id, who, options->header_of); }});
  }).add_option("--header-of", options->header_of, "Use the header of this file of the data folder instead of its own").type_name("FILE");
  action("reject", "Put a file that waits or is held into error/", [options] {
    return decide(*options, {"file.reject", options->message,
                             [&](ingest::Ledger& ledger, ingest::FileId id, const std::string& who) { return ledger.reject(id, who, options->message); }});
  }).add_option("--message", options->message, "Why, for whoever looks at it later");
}

}  // namespace pv::app
