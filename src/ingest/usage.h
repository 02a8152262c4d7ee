#pragma once
/// How many bytes each tenant's files take below the data folder, and whether there is room for more.
/// A tenant is counted when it is first asked for, then kept up to date by those who add and take away, and counted again from time
/// to time. Symbolic links are not followed.
///   Threads: safe. Cost: counting looks at each file of a tenant once; everything else is a look into a map.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/names.h"

namespace pv::ingest {

struct UsageOptions {
  std::filesystem::path data_folder;
  /// What a tenant may have, in bytes; nothing: as much as there is room. Empty: nobody has a quota.
  std::function<Result<std::optional<std::uint64_t>>(const model::TenantName&)> quota_of = {};
  /// Four fifths of a quota are passed: said once, until it falls below that again.
  std::function<void(const model::TenantName&, std::uint64_t used, std::uint64_t quota)> warn = {};
};

class Usage {
 public:
  explicit Usage(UsageOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Result<std::uint64_t> bytes_used(const model::TenantName& tenant);
  /// Takes room for bytes that are about to be written. Errors: denied: the quota, in words for the sender.
  [[nodiscard]] Result<void> take(const model::TenantName& tenant, std::uint64_t bytes);
  /// Gives room back: bytes that were not written, or were removed.
  void give_back(const model::TenantName& tenant, std::uint64_t bytes);
  /// Counts all tenants again that were asked for.
  void recount();

 private:
  struct Account {
    std::uint64_t bytes = 0;
    bool is_warned = false;
  };
  [[nodiscard]] Result<std::uint64_t> count(const model::TenantName& tenant) const;

  UsageOptions options_;
  std::mutex mutex_;
  std::map<model::TenantName, Account> accounts_;
};

}  // namespace pv::ingest
