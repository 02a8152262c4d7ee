#pragma once
/// The stores of an installation: one file a tenant, `<state>/stores/<tenant>.sqlite`.
///   Threads: safe.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "model/source.h"
#include "store/reader.h"

namespace pv::store {

class Directory final : public model::SourceDirectory {
 public:
  explicit Directory(std::filesystem::path state_dir) : folder_(std::move(state_dir) / "stores") {}

  Result<std::vector<model::TenantName>> tenants() override;
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override;

  [[nodiscard]] std::filesystem::path file_of(const model::TenantName& tenant) const;
  /// Makes the folder. Errors: io, naming it.
  Result<void> create() const;

 private:
  std::filesystem::path folder_;
  std::mutex mutex_;
  std::map<model::TenantName, std::shared_ptr<Reader>> open_;
};

}  // namespace pv::store
