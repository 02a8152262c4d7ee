#include "ingest/sink_facts.h"

#include <fmt/format.h>

namespace pv::ingest {

std::string stored_text(const SinkFacts& facts) {
  std::string text = "stored";
  if (!facts.waiting.empty()) text += fmt::format(", {} of {} sinks waiting", facts.waiting.size(), facts.total);
  if (!facts.refused.empty()) text += fmt::format(", {} of {} sinks refused some points", facts.refused.size(), facts.total);
  return text;
}

}  // namespace pv::ingest
