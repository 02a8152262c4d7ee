#pragma once
/// Which sinks have the files that are shown. What cannot be told now is told as nothing waiting: the file itself is safe.

#include <map>
#include <span>
#include <string>

#include "api/call.h"
#include "ingest/ledger_entry.h"
#include "ingest/sink_facts.h"

namespace pv::api {

/// By digest.
[[nodiscard]] std::map<std::string, ingest::SinkFacts> sinks_of(Call& call, std::span<const ingest::LedgerEntry> entries);
[[nodiscard]] ingest::SinkFacts sinks_of(Call& call, const ingest::LedgerEntry& entry);
[[nodiscard]] ingest::SinkFacts facts_of(const ingest::LedgerEntry& entry, const std::map<std::string, ingest::SinkFacts>& by_digest);

}  // namespace pv::api
