#include "ingest/usage.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace pv::ingest {
namespace {

using Clock = std::chrono::steady_clock;

struct Level {
  std::string_view noun;
  std::string whose;
  std::optional<std::uint64_t> quota;
};

/// Narrowest first.
std::array<Level, 3> levels_of(const model::Place& place, const Quotas& quotas) {
  const std::string campaign = fmt::format("{}/{}", place.tenant.str(), place.campaign.str());
  return {Level{"device", fmt::format("{}/{}", campaign, place.device.str()), quotas.of_device}, Level{"campaign", campaign, quotas.of_campaign},
          Level{"company", place.tenant.str(), quotas.of_tenant}};
}

std::uint64_t four_fifths(std::uint64_t quota) noexcept { return quota - quota / 5; }

}  // namespace

Result<Usage::Bytes> Usage::count(const model::TenantName& tenant) const {
  namespace fs = std::filesystem;
  std::error_code code;
  Bytes bytes;
  std::uint64_t& of_tenant = bytes[tenant.str()];
  const fs::path folder = options_.data_folder / tenant.str();
  if (!fs::is_directory(fs::symlink_status(folder, code))) return bytes;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, code);
  if (code) return fail(Errc::io, fmt::format("{}: cannot be counted: {}", folder.string(), code.message()));
  std::array<std::uint64_t*, 2> inside = {};  // the campaign and the device that the walk is in
  std::string campaign;
  for (const fs::recursive_directory_iterator end; entries != end; entries.increment(code)) {
    std::error_code vanished;
    const fs::file_status status = entries->symlink_status(vanished);
    if (vanished) continue;
    const auto depth = static_cast<std::size_t>(entries.depth());
    if (fs::is_directory(status)) {
      if (depth == 0) campaign = fmt::format("{}/{}", tenant.str(), entries->path().filename().string());
      if (depth == 0) inside[0] = &bytes[campaign];
      if (depth == 1) inside[1] = &bytes[fmt::format("{}/{}", campaign, entries->path().filename().string())];
      continue;
    }
    if (!fs::is_regular_file(status)) continue;
    const std::uint64_t size = entries->file_size(vanished);
    if (vanished) continue;
    of_tenant += size;
    for (std::size_t level = 0; level < std::min(depth, inside.size()); ++level) *inside[level] += size;
  }
  // An error ends the walk as its end does.
  if (code) return fail(Errc::io, fmt::format("{}: cannot be counted: {}", folder.string(), code.message()));
  return bytes;
}

Result<std::uint64_t> Usage::bytes_used(const model::TenantName& tenant) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = companies_.find(tenant); known != companies_.end()) return known->second.accounts[tenant.str()].bytes;
  }
  PV_TRY(const Bytes counted, count(tenant));
  const std::lock_guard lock(mutex_);
  const auto [company, is_first] = companies_.try_emplace(tenant);
  if (is_first) {
    for (const auto& [whose, bytes] : counted) company->second.accounts[whose].bytes = bytes;
  }
  return company->second.accounts[tenant.str()].bytes;
}

Result<void> Usage::take(const model::Place& place, std::uint64_t bytes) {
  Quotas quotas;
  if (options_.quotas_of) {
    PV_TRY(quotas, options_.quotas_of(place));
  }
  PV_TRY([[maybe_unused]] const std::uint64_t used_before, bytes_used(place.tenant));
  struct Warning {
    std::string whose;
    std::uint64_t used, quota;
  };
  std::vector<Warning> warnings;
  {
    const std::lock_guard lock(mutex_);
    Company& company = companies_[place.tenant];
    const std::array<Level, 3> levels = levels_of(place, quotas);
    for (const Level& level : levels) {
      const std::uint64_t used = company.accounts[level.whose].bytes;
      if (level.quota && (used > *level.quota || bytes > *level.quota - used)) {
        return fail(Errc::denied, fmt::format("the quota of the {} {} is used up: {} of {} bytes are taken", level.noun, level.whose, used, *level.quota));
      }
    }
    company.changed_at = Clock::now();
    for (const Level& level : levels) {
      Account& account = company.accounts[level.whose];
      // It may have fallen below since, by what was given back or counted again.
      if (!level.quota || account.bytes <= four_fifths(*level.quota)) account.is_warned = false;
      account.bytes += bytes;
      const bool is_past = level.quota && account.bytes > four_fifths(*level.quota);
      if (is_past && !account.is_warned) warnings.push_back({level.whose, account.bytes, *level.quota});
      account.is_warned = is_past;
    }
  }
  for (const Warning& warning : warnings) {
    if (options_.warn) options_.warn(warning.whose, warning.used, warning.quota);
  }
  return {};
}

void Usage::give_back(const model::Place& place, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto known = companies_.find(place.tenant);
  if (known == companies_.end()) return;
  known->second.changed_at = Clock::now();
  for (const Level& level : levels_of(place, {})) {
    Account& account = known->second.accounts[level.whose];
    account.bytes -= std::min(account.bytes, bytes);
  }
}

Clock::time_point Usage::changed_at(const model::TenantName& tenant) {
  const std::lock_guard lock(mutex_);
  return companies_[tenant].changed_at;
}

void Usage::recount() {
  std::vector<model::TenantName> tenants;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [tenant, company] : companies_) tenants.push_back(tenant);
  }
  for (const model::TenantName& tenant : tenants) {
    const Clock::time_point changed = changed_at(tenant);
    if (Clock::now() - changed < options_.quiet) continue;
    const auto counted = count(tenant);
    if (!counted) continue;
    const std::lock_guard lock(mutex_);
    Company& company = companies_[tenant];
    // Whether the walk came by before or after what was written meanwhile, nobody knows.
    if (company.changed_at != changed) continue;
    std::map<std::string, Account, std::less<>> accounts;
    for (const auto& [whose, bytes] : *counted) accounts[whose] = {bytes, company.accounts[whose].is_warned};
    company.accounts = std::move(accounts);
  }
}

}  // namespace pv::ingest
