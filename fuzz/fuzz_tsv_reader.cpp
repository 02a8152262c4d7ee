// Any bytes as a logger file: the reader and its slow twin must agree, and the report must hold together.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tsv/naive_reader.h"
#include "tsv/reader.h"

namespace {

const pv::model::Zone& paris() {
  static const pv::model::Zone zone = pv::model::Zone::from_posix("CET-1CEST,M3.5.0,M10.5.0/3").value();
  return zone;
}

// The twin is quadratic in places; beyond this size only the reader runs.
constexpr std::size_t kTwinLimit = 16'384;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte chooses the settings, the rest is the file.
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string extra[] = {"X"};
  pv::tsv::ReadOptions options;
  options.extra_formats = extra;
  options.max_faults_kept = 8;
  if ((data[0] & 1) != 0) options.bare_zone = paris();
  if ((data[0] & 2) != 0) options.restart_rows = pv::tsv::RestartRows::zeros;
  if (text.size() > kTwinLimit) {
    (void)pv::tsv::read({text.data(), text.size()}, options);
    return 0;
  }
  if (const std::string difference = pv::tsv::testing::difference(text, options); !difference.empty()) {
    std::fprintf(stderr, "reader and twin differ: %s\n", difference.c_str());
    std::abort();
  }
  return 0;
}
