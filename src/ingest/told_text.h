#pragma once
/// What people of a company may read of a file's fate. They know a file as "<company>/<campaign>/<device>/<file>"; where the server keeps
/// it, and its own troubles, are for its log and for `powerview files` on the machine.
///   Whatever goes into the ledger, a receipt or a reason file has its data folder taken out (below()); what the API, receipts and
///   reason files say of the server's own troubles is told_message().
///   Threads: no state; safe.

#include <filesystem>
#include <string>
#include <string_view>

namespace pv::ingest {

struct FileRecord;

/// The text with all paths in the data folder as they are below it; as it is for a folder that is not absolute.
[[nodiscard]] std::string below(std::string_view text, const std::filesystem::path& data_folder);

/// Takes the data folder out of all that a record says.
void name_as_known(FileRecord& record, const std::filesystem::path& data_folder);

/// What is said instead of the message, for a reason that is the server's own; "" for others.
[[nodiscard]] std::string_view short_text_of(std::string_view reason) noexcept;

/// The message, or the short text of the reason.
[[nodiscard]] std::string_view told_message(std::string_view reason, std::string_view message) noexcept;

/// "<company>/<campaign>/<device>/<file>"; a file that lies elsewhere has its name only.
[[nodiscard]] std::string known_as(const FileRecord& record);

}  // namespace pv::ingest
