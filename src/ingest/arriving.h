#pragma once
/// Names and content of files at the desk: what may come, under which names it lies meanwhile, and whether it is a logger file.
///   Threads: no state; safe.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "ingest/file_identity.h"
#include "model/arrival.h"

namespace pv::ingest {

/// "<company>/<campaign>/<device>/<name>".
[[nodiscard]] std::string path_of(const model::Place& place, std::string_view name);
/// The name a file has while it is on its way.
[[nodiscard]] std::string partial_name(std::string_view name);
/// "x~2.tsv" for "x.tsv", "x~2.tsv.part" for "x.tsv.part": the name of a file that has to make room.
[[nodiscard]] std::string aside_name(std::string_view name, int number);
/// "x.tsv" for "x.tsv.part"; other names as they are.
[[nodiscard]] std::string_view without_transfer_ending(std::string_view name) noexcept;

/// The rule of model::ArrivalDesk. Errors: denied, in words for the sender.
[[nodiscard]] Result<void> check_file_name(std::string_view name);

/// What a look at a file's header says.
struct FileVerdict {
  std::string reason, message;  // reason "": it is a logger file
  std::uint32_t line = 0;
  std::string digest;           // of a file that was refused and is not large; "" otherwise
  FileIdentity identity;
};
struct JudgeRules {
  std::uint64_t max_file_bytes;
  std::span<const std::string> extra_formats;
};
/// Reads as much as the header needs. Errors: io; denied: not a regular file.
Result<FileVerdict> judge_file(const FileDescriptor& file, const std::string& path, const JudgeRules& rules);

}  // namespace pv::ingest
