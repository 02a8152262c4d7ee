#pragma once
/// A tenant's store for the time of one job, in a folder of its own; gone with the object.
///   Errors: io. Threads: confined to one.

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "model/names.h"
#include "store/writer.h"

namespace pv::app {

class ScratchStore {
 public:
  /// What a crash has left there is removed.
  static Result<ScratchStore> open(const std::filesystem::path& folder, const model::TenantName& tenant);
  ScratchStore(ScratchStore&&) = default;
  ScratchStore& operator=(ScratchStore&&) = delete;
  ~ScratchStore();

  [[nodiscard]] store::Writer& writer() noexcept { return *writer_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  explicit ScratchStore(std::filesystem::path path) : path_(std::move(path)) {}
  void remove() const;

  std::filesystem::path path_;
  std::unique_ptr<store::Writer> writer_;  // null once it was moved from
};

}  // namespace pv::app
