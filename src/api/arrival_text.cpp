#include "api/arrival_text.h"

#include <nlohmann/json.hpp>

#include "ingest/told_text.h"

namespace pv::api {
namespace {

/// Without the file's path at the front: it is told beside it.
std::string_view own_words(const ingest::LedgerEntry& entry) {
  const std::string_view message = ingest::told_message(entry.reason, entry.message);
  const std::string path = entry.path + ": ";
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

}  // namespace

void write_file(const ingest::LedgerEntry& entry, const ingest::SinkFacts& sinks, Detail detail, JsonText& json) {
  const auto text = [&json](std::string_view name, const std::string& value) { json.member(name, std::string_view(value)); };
  json.begin_object();
  json.member("id", entry.id.value);
  text("tenant", entry.tenant);
  text("campaign", entry.campaign);
  text("device", entry.device);
  text("name", entry.name);
  text("path", entry.path);
  json.member("state", ingest::to_string(entry.state));
  json.member("filed", entry.filed);
  json.member("size", entry.size);
  text("digest", entry.digest);
  json.member("way", model::to_string(entry.sender.way));
  text("who", entry.sender.who);
  json.member("received", entry.received_s);
  json.member("updated", entry.updated_s);
  json.member_or_null("next_attempt", entry.next_attempt_s);
  json.member("attempts", std::uint64_t{entry.attempts});
  text("reason", entry.reason);
  json.member("message", own_words(entry));
  json.member("line", std::uint64_t{entry.line});
  text("moved_to", entry.moved_to);
  json.key("evidence");
  json.begin_array();
  for (const ingest::Evidence& evidence : entry.evidence) {
    json.begin_object();
    text("what", evidence.what);
    text("column", evidence.column);
    json.end_object();
  }
  json.end_array();
  text("accepted_by", entry.accepted_by);
  text("header_of", entry.header_of);
  json.key("sinks");
  json.begin_object();
  json.member("total", std::uint64_t{sinks.total});
  for (const auto& [name, which] : {std::pair("waiting", &sinks.waiting), std::pair("refused", &sinks.refused)}) {
    json.key(name);
    json.begin_array();
    for (const std::string& sink : *which) json.value(std::string_view(sink));
    json.end_array();
  }
  json.end_object();
  json.key("receipt");
  if (detail == Detail::whole && !entry.receipt_json.empty() && nlohmann::json::accept(entry.receipt_json)) {
    json.raw(entry.receipt_json);
  } else {
    json.null();
  }
  json.end_object();
}

}  // namespace pv::api
