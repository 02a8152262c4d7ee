#pragma once
/// Compares what the ledger says, what lies on disk and what the stores know. Changes nothing.
///   Errors: the ledger's; folders that cannot be listed are findings.
///   Threads: no state; safe. Cost: a look at each file's entry, none at its content.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/ledger.h"

namespace pv::ingest {

enum class Discrepancy : std::uint8_t {
  unknown_filed_file,   // lies in parsed/ or error/, and the ledger knows nothing of it: filed before there was a ledger, or put there by hand
  filed_file_missing,   // the ledger says where it was filed, and it is not there
  waiting_file_missing, // the ledger says it waits, and it is not there
  not_in_store,         // committed, and the company's store does not know its bytes
  not_on_record,        // waits in a device folder, and the ledger does not know it yet
  partial_file,         // left by a transfer that broke off, or by a client that never gave it its name
  cannot_look,          // a folder that cannot be listed
};
[[nodiscard]] std::string_view to_string(Discrepancy kind) noexcept;

struct AuditFinding {
  Discrepancy kind;
  std::string path;     // below the data folder
  std::string message;  // for a person, with what to do
};

struct AuditOptions {
  std::filesystem::path data_folder;
  /// Whether a tenant's store knows a campaign's file of this digest (hex). Empty: stores are not asked.
  std::function<Result<bool>(const std::string& tenant, const std::string& campaign, const std::string& digest)> is_stored = {};
  std::size_t most = 10'000;  // findings
};

Result<std::vector<AuditFinding>> audit(Ledger& ledger, const AuditOptions& options);

}  // namespace pv::ingest
