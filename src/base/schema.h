#pragma once
/// What a SQLite file of ours is: which kind, which version, which tables; and making and checking it.
///   Threads: no state; a Database belongs to one thread at a time.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/database.h"
#include "base/result.h"

namespace pv {

struct Schema {
  std::string_view kind;         // "store": for messages
  std::int64_t application_id;   // shown by file(1)
  std::int64_t version;          // a program refuses any other
  const char* before_tables;     // what must be set before there is a table
  const char* tables;
};

/// True when the file has tables.
[[nodiscard]] Result<bool> has_tables(const Database& database);
/// Makes the tables of a file that has none; another process may do so at the same time.
[[nodiscard]] Result<void> make_tables(Database& database, const Schema& schema);
/// Errors: corrupt: another kind of file, or a version that this program does not know.
[[nodiscard]] Result<void> check_schema(const Database& database, const Schema& schema);
/// The owner's small file beside the data: made where missing, with its folder; a commit is on disk when it returns. Errors: as above, and those of
/// base/private_file.h.
[[nodiscard]] Result<std::unique_ptr<Database>> open_state_file(const std::filesystem::path& file, const Schema& schema);

}  // namespace pv
