#pragma once
/// How many bytes the files of each company, campaign and device take below the data folder, and whether there is room for more.
/// A company is counted when it is first asked for, then kept up to date by those who add and take away, and counted again from
/// time to time. Symbolic links are not followed.
///   Threads: safe. Cost: counting looks at each file of a company once; everything else is a look into a map.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/arrival.h"
#include "model/names.h"

namespace pv::ingest {

/// What a place's company, campaign and device may have, in bytes; nothing: as much as there is room.
struct Quotas {
  std::optional<std::uint64_t> of_tenant, of_campaign, of_device;
};

struct UsageOptions {
  std::filesystem::path data_folder;
  /// Empty: nobody has a quota.
  std::function<Result<Quotas>(const model::Place&)> quotas_of = {};
  /// Four fifths of a quota are passed: said once, until it falls below that again. `whose`: "acme", "acme/north", "acme/north/02001084".
  std::function<void(std::string_view whose, std::uint64_t used, std::uint64_t quota)> warn = {};
  /// What was taken or given back so lately may not be on the disk yet: a company is counted again when it was quiet for this long.
  std::chrono::milliseconds quiet{2000};
};

class Usage {
 public:
  explicit Usage(UsageOptions options) : options_(std::move(options)) {}

  [[nodiscard]] Result<std::uint64_t> bytes_used(const model::TenantName& tenant);
  /// Takes room for bytes that are about to be written there. Errors: denied: the narrowest quota that leaves no room, in words for the
  /// sender.
  [[nodiscard]] Result<void> take(const model::Place& place, std::uint64_t bytes);
  /// Gives room back: bytes that were not written there, or were removed.
  void give_back(const model::Place& place, std::uint64_t bytes);
  /// Counts all companies again that were asked for. One in which files come and go all the while keeps its figures: they are up to
  /// date but for what others do.
  void recount();

 private:
  using Bytes = std::map<std::string, std::uint64_t, std::less<>>;  // by "acme", "acme/north", "acme/north/02001084"
  struct Account {
    std::uint64_t bytes = 0;
    bool is_warned = false;
  };
  struct Company {
    std::map<std::string, Account, std::less<>> accounts;  // as Bytes
    std::chrono::steady_clock::time_point changed_at;      // when bytes were last taken or given back
  };
  [[nodiscard]] Result<Bytes> count(const model::TenantName& tenant) const;
  [[nodiscard]] std::chrono::steady_clock::time_point changed_at(const model::TenantName& tenant);

  UsageOptions options_;
  std::mutex mutex_;
  std::map<model::TenantName, Company> companies_;
};

}  // namespace pv::ingest
