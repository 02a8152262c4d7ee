#pragma once
/// Which files have rows of a logger in a period, for an installation without an embedded store: `<state>/file_periods.sqlite`. A later file that
/// speaks of the same instants is weighed against those, which lie in parsed/.
///   Durable when add() returns. Errors: as base/database.h. Threads: safe.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
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
  /// Another number once another program, or another object of this one, has added something new of the company.
  Result<std::int64_t> changes(const model::TenantName& tenant);
  /// Each once, in no order.
  Result<std::vector<File>> overlapping(const model::TenantName& tenant, const model::Stretch& stretch);

  struct Passed {
    std::string campaign;
    File file;
    model::Period period;  // of all its rows
  };
  /// Campaigns with digests.
  using Digests = std::set<std::pair<std::string, std::string>>;
  /// The company's files that are none of these.
  Result<std::vector<Passed>> beside(const model::TenantName& tenant, const Digests& known);
  /// Nothing is known of the company any more. Nothing happens where there is no such record.
  static Result<void> forget(const std::filesystem::path& state_dir, const model::TenantName& tenant);

 private:
  explicit FilePeriods(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::mutex mutex_;
  std::map<model::TenantName, std::int64_t> own_;  // additions of this object
  std::unique_ptr<Database> database_;
};

}  // namespace pv::app
