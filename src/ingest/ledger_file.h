#pragma once
/// The ledger's SQLite file: its tables, and how an entry lies in a row. For ledger*.cpp only.
///   Threads: as base/database.h.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "ingest/ledger_entry.h"

namespace pv::ingest {

/// Columns of an entry, in the order read_entry() wants them.
inline constexpr std::string_view kEntryColumns =
    "id,path,tenant,campaign,device,name,state,filed,moved_to,size,digest,file_device,file_inode,file_size,file_changed_s,file_changed_ns,"
    "way,who,address,received_s,updated_s,due_s,attempts,crashes,reason,message,line,evidence,accepted_by,header_of,receipt";
[[nodiscard]] LedgerEntry read_entry(const Statement& row);
/// The identity that five columns from `first` on hold.
[[nodiscard]] std::optional<FileIdentity> read_identity(const Statement& row, int first);
/// Binds five parameters from `first` on.
void bind_identity(Statement& statement, int first, const std::optional<FileIdentity>& identity);
[[nodiscard]] model::Way way_of(std::string_view text) noexcept;
[[nodiscard]] std::string evidence_text(const std::vector<Evidence>& evidence);  // "" for none

/// What its sender took back stands on record as rejected for this reason.
inline constexpr std::string_view kRemoved = "removed";

/// A path's parts as an entry keeps them; "" where it is not that deep.
struct PathParts {
  std::string_view tenant, campaign, device, name;
};
[[nodiscard]] PathParts parts_of(std::string_view path) noexcept;

enum class LedgerUse : std::uint8_t { write, read };
/// Write: makes the tables when there are none. Read: the connection may not write.
/// Errors: not_found (read, and there is no file), corrupt: no ledger, or one of a newer version.
Result<std::unique_ptr<Database>> open_ledger_file(const std::filesystem::path& path, LedgerUse use);

}  // namespace pv::ingest
