// Any bytes as an export of VictoriaMetrics: however they are cut into pieces the same series come out, and what comes out holds together.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "victoria/export_reader.h"
#include "victoria/labels.h"

namespace {

struct Outcome {
  bool ok = false;
  std::string seen;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view text, std::size_t piece) {
  Outcome outcome;
  pv::victoria::ExportReader reader([&outcome](const pv::victoria::ExportedRun& run) -> pv::Result<void> {
    if (run.time_s.size() != run.values.size()) std::abort();
    for (const double value : run.values) {
      if (!std::isfinite(value)) std::abort();
      outcome.seen += std::to_string(value) + ' ';
    }
    for (const std::int64_t time_s : run.time_s) {
      if (time_s < 0) std::abort();
      outcome.seen += std::to_string(time_s) + ' ';
    }
    if (const auto channel = pv::victoria::channel_of(run.labels)) outcome.seen += pv::victoria::field_of(*channel);
    return {};
  });
  outcome.ok = true;
  for (std::size_t at = 0; outcome.ok && at < text.size(); at += piece) outcome.ok = reader.feed(text.substr(at, piece)).has_value();
  outcome.ok = outcome.ok && reader.finish().has_value();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (read(text, text.size() + 1) != read(text, std::size_t{data[0]} % 16 + 1)) std::abort();
  return 0;
}
