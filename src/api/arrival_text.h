#pragma once
/// A file and its fate as the API shows it.

#include "api/json_text.h"
#include "ingest/ledger.h"
#include "ingest/sink_facts.h"

namespace pv::api {

enum class Detail : std::uint8_t {
  listed,  // without its receipt, which may be long
  whole,
};
/// The object "File" of docs/openapi.yaml.
void write_file(const ingest::LedgerEntry& entry, const ingest::SinkFacts& sinks, Detail detail, JsonText& json);

}  // namespace pv::api
