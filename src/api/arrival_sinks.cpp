#include "api/arrival_sinks.h"

#include <vector>

namespace pv::api {

std::map<std::string, ingest::SinkFacts> sinks_of(Call& call, std::span<const ingest::LedgerEntry> entries) {
  if (!call.options.sinks_of) return {};
  std::vector<std::string> digests;
  for (const ingest::LedgerEntry& entry : entries) {
    if (entry.state == ingest::FileState::committed) digests.push_back(entry.digest);
  }
  auto found = call.options.sinks_of(digests);
  return found ? std::move(*found) : std::map<std::string, ingest::SinkFacts>();
}

ingest::SinkFacts facts_of(const ingest::LedgerEntry& entry, const std::map<std::string, ingest::SinkFacts>& by_digest) {
  const auto found = by_digest.find(entry.digest);
  return found == by_digest.end() ? ingest::SinkFacts() : found->second;
}

ingest::SinkFacts sinks_of(Call& call, const ingest::LedgerEntry& entry) { return facts_of(entry, sinks_of(call, std::span(&entry, 1))); }

}  // namespace pv::api
