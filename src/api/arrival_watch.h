#pragma once
/// Which tenants' files changed since it was asked last, by the ledger's newest entries: the cost does not grow with the ledger.
/// Threads: one at a time.

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "ingest/ledger.h"

namespace pv::api {

class ArrivalWatch {
 public:
  /// Null: nothing ever changes.
  explicit ArrivalWatch(ingest::Ledger* ledger) : ledger_(ledger) {}

  /// Forgets what was before.
  void begin(std::int64_t now_s);
  /// Tenants with entries that are new or have changed. Nothing while the ledger cannot be read: it comes with the next time.
  [[nodiscard]] std::set<std::string> changed(std::int64_t now_s);

 private:
  ingest::Ledger* ledger_;
  std::int64_t since_s_ = 0;
  std::map<std::int64_t, std::string> seen_;  // id -> what the entry was like; those changed at since_s_ or later
};

}  // namespace pv::api
