#pragma once
/// The receipt of a file: what was taken of it and what was left out, as a short text in English and French that lies
/// beside the filed file.
///   Threads: no state; safe.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/run_report.h"

namespace pv::ingest {

/// The text for people, from the JSON that the ledger keeps (short_json of ingest/run_report.h); `name` is the file's.
[[nodiscard]] std::string receipt_text(std::string_view name, std::string_view receipt_json);

[[nodiscard]] std::filesystem::path receipt_path(const std::filesystem::path& file);

/// "<file>.receipt.txt" beside a filed file. Never overwrites: a receipt that is there stays. A name that leaves no room for it gets none.
Result<void> write_receipt(const std::filesystem::path& file, std::string_view text);

}  // namespace pv::ingest
