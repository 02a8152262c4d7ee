#pragma once
/// Which line of a logger file a sample came from, for those who have to look at it.
///   Threads: no state. Cost: some dozen reads of the file.

#include <cstdint>
#include <span>
#include <string_view>

#include "tsv/reader.h"

namespace pv::app {

/// The first line with which the file has a row or an event of that logger at that instant; 0 when it has none.
[[nodiscard]] std::uint32_t line_of(std::span<const char> bytes, const tsv::ReadOptions& options, std::string_view logger_sn, std::int64_t time_s);

}  // namespace pv::app
