#pragma once
/// Which files have rows of a logger in a period, for an installation without an embedded store: `<state>/file_periods.sqlite`. A later file that
/// speaks of the same instants is weighed against those, which lie in parsed/.
///   Durable when add() returns. Errors: as base/database.h. Threads: safe.

#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "model/delivery.h"
#include "model/mirror.h"

namespace pv::app {

class FilePeriods {
 public:
  static Result<std::unique_ptr<FilePeriods>> open(const std::filesystem::path& state_dir);

  struct File {
    std::string device_folder, name, digest;  // digest: hex
    auto operator<=>(const File&) const = default;
  };
  Result<void> add(const model::TenantName& tenant, std::span<const model::Delivery> deliveries);
  /// Whether a file of these bytes was passed on.
  Result<bool> has(const std::string& tenant, const std::string& campaign, const std::string& digest);
  /// Whether all files of the company in parsed/ are known here.
  Result<bool> is_complete(const model::TenantName& tenant);
  Result<void> note_complete(const model::TenantName& tenant);
  /// Files will be taken in without being added here. Nothing happens where there is no such record.
  static Result<void> note_incomplete(const std::filesystem::path& state_dir);
  /// Another number once another program, or another object of this one, has added something.
  Result<std::uint64_t> changes();
  /// Each once, in no order.
  Result<std::vector<File>> overlapping(const model::TenantName& tenant, const model::Stretch& stretch);

 private:
  explicit FilePeriods(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::mutex mutex_;
  std::unique_ptr<Database> database_;
};

}  // namespace pv::app
