#include "store/directory.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/private_file.h"

namespace pv::store {

std::filesystem::path Directory::file_of(const model::TenantName& tenant) const { return folder_ / (tenant.str() + ".sqlite"); }

Result<void> Directory::create() const {
  auto made = make_private_folder(folder_.parent_path(), GroupMay::pass);
  if (made) made = make_private_folder(folder_, GroupMay::nothing);
  if (!made) return fail(Errc::io, fmt::format("{}; check --state-dir and its rights", made.error().message()));
  return {};
}

Result<std::vector<model::TenantName>> Directory::tenants() {
  std::vector<model::TenantName> tenants;
  std::error_code code;
  std::filesystem::directory_iterator entries(folder_, code);
  if (code == std::errc::no_such_file_or_directory) return tenants;
  if (code) return fail(Errc::io, fmt::format("{}: cannot list it ({})", folder_.string(), code.message()));
  for (const auto& entry : entries) {
    if (entry.path().extension() != ".sqlite") continue;
    if (auto name = model::TenantName::parse(entry.path().stem().string())) tenants.push_back(std::move(*name));
  }
  std::sort(tenants.begin(), tenants.end());
  return tenants;
}

Result<std::shared_ptr<model::SampleSource>> Directory::open(const model::TenantName& tenant) {
  const std::lock_guard lock(mutex_);
  if (const auto known = open_.find(tenant); known != open_.end()) {
    std::error_code code;
    if (std::filesystem::exists(file_of(tenant), code)) return std::shared_ptr<model::SampleSource>(known->second);
    open_.erase(known);
  }
  auto reader = Reader::open(file_of(tenant));
  if (!reader) {
    if (reader.error().kind() == Errc::not_found) return fail(Errc::not_found, fmt::format("there is no company '{}'", tenant.str()));
    return fail(std::move(reader).error());
  }
  open_.emplace(tenant, *reader);
  return std::shared_ptr<model::SampleSource>(std::move(*reader));
}

}  // namespace pv::store
