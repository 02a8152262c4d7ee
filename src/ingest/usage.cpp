#include "ingest/usage.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace pv::ingest {

Result<std::uint64_t> Usage::count(const model::TenantName& tenant) const {
  namespace fs = std::filesystem;
  std::error_code code;
  const fs::path folder = options_.data_folder / tenant.str();
  if (!fs::is_directory(fs::symlink_status(folder, code))) return std::uint64_t{0};
  std::uint64_t bytes = 0;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, code);
  if (code) return fail(Errc::io, fmt::format("{}: cannot be counted: {}", folder.string(), code.message()));
  for (const fs::recursive_directory_iterator end; entries != end; entries.increment(code)) {
    std::error_code vanished;
    if (!fs::is_regular_file(entries->symlink_status(vanished)) || vanished) continue;
    const std::uint64_t size = entries->file_size(vanished);
    if (!vanished) bytes += size;
  }
  // An error ends the walk as its end does.
  if (code) return fail(Errc::io, fmt::format("{}: cannot be counted: {}", folder.string(), code.message()));
  return bytes;
}

Result<std::uint64_t> Usage::bytes_used(const model::TenantName& tenant) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = accounts_.find(tenant); known != accounts_.end()) return known->second.bytes;
  }
  PV_TRY(const std::uint64_t bytes, count(tenant));
  const std::lock_guard lock(mutex_);
  return accounts_.try_emplace(tenant, Account{bytes, false}).first->second.bytes;
}

Result<void> Usage::take(const model::TenantName& tenant, std::uint64_t bytes) {
  std::optional<std::uint64_t> quota;
  if (options_.quota_of) {
    PV_TRY(quota, options_.quota_of(tenant));
  }
  PV_TRY([[maybe_unused]] const std::uint64_t used_before, bytes_used(tenant));
  std::uint64_t used = 0;
  bool warns = false;
  {
    const std::lock_guard lock(mutex_);
    Account& account = accounts_[tenant];
    if (quota && (account.bytes > *quota || bytes > *quota - account.bytes)) {
      return fail(Errc::denied, fmt::format("the quota of {} is used up: {} of {} bytes are taken", tenant.str(), account.bytes, *quota));
    }
    // It may have fallen below since, by what was given back or counted again.
    if (!quota || account.bytes <= *quota - *quota / 5) account.is_warned = false;
    account.bytes += bytes;
    used = account.bytes;
    const bool is_past = quota && used > *quota - *quota / 5;
    warns = is_past && !account.is_warned;
    account.is_warned = is_past;
  }
  if (warns && options_.warn) options_.warn(tenant, used, *quota);
  return {};
}

void Usage::give_back(const model::TenantName& tenant, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto known = accounts_.find(tenant);
  if (known != accounts_.end()) known->second.bytes -= std::min(known->second.bytes, bytes);
}

void Usage::recount() {
  std::vector<model::TenantName> tenants;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [tenant, account] : accounts_) tenants.push_back(tenant);
  }
  for (const model::TenantName& tenant : tenants) {
    const auto bytes = count(tenant);
    if (!bytes) continue;
    const std::lock_guard lock(mutex_);
    accounts_[tenant].bytes = *bytes;
  }
}

}  // namespace pv::ingest
