// Any bytes as the answer to a query: in one piece and in small ones they give the same rows, and nothing else happens.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "influx/csv.h"

namespace {

std::string rows_of(std::string_view text, std::size_t piece) {
  std::string rows;
  pv::influx::CsvReader reader([&rows](const pv::influx::CsvBlock& block, std::span<const std::string_view> cells) -> pv::Result<void> {
    if (cells.size() != block.names.size() || cells.size() != block.types.size()) std::abort();
    for (const std::string_view cell : cells) {
      rows.append(cell).push_back('|');
      (void)pv::influx::read_time(cell);
      (void)pv::influx::read_number(cell);
    }
    rows += std::to_string(block.number) + "\n";
    return {};
  });
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (auto pushed = reader.push(text.substr(at, piece)); !pushed) return rows + "E " + pushed.error().message();
  }
  if (auto finished = reader.finish(); !finished) return rows + "E " + finished.error().message();
  return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (rows_of(text, 1U + data[0] % 16) != rows_of(text, text.size() + 1)) {
    std::fprintf(stderr, "the rows depend on the pieces they come in\n");
    std::abort();
  }
  return 0;
}
