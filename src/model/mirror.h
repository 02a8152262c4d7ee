#pragma once
/// A copy of samples in another system (InfluxDB, VictoriaMetrics), brought up to date from where the truth is.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/names.h"
#include "model/source.h"

namespace pv::model {

enum class Change : std::uint8_t {
  added = 1,    // only samples that no copy can have yet, or has with these values
  changed = 2,  // some cell has another value than the copy may have
};  // on disk: append only

/// Rows of one logger that a copy may lack.
struct Stretch {
  CampaignName campaign;
  std::string logger_sn;
  Period period;
  Change change = Change::added;
};

/// A point that the other system will never take.
struct RefusedPoint {
  std::string campaign, logger_sn, field;  // field "": all fields of that instant
  std::int64_t time_s = 0;
  std::string reason;  // the other system's words, shortened; no control characters
};

struct MirrorOutcome {
  std::uint64_t points = 0;    // field values sent and taken
  std::uint64_t requests = 0;
  std::vector<RefusedPoint> refused;  // at most kMostRefused
  std::uint64_t refused_total = 0;
};
inline constexpr std::size_t kMostRefused = 1000;

/// The copy of one tenant.
///   Idempotent: the same stretch again leaves the same copy. In order: what was sent before an error stays.
///   Errors: unavailable: away, too busy, answers that make no sense: try again, not before not_before_s();
///   denied: the credential is missing, revoked or lacks a right (the message says which); invalid_input: settings are wrong (no such organization).
///   Memory: bounded by one block of the store and one batch. Threads: one caller at a time.
class Mirror {
 public:
  virtual ~Mirror() = default;
  /// Makes the copy hold all rows that `truth`, a snapshot of the same tenant, has in the stretches. A stretch whose campaign or logger is not in
  /// `truth` (any more) is passed over.
  virtual Result<MirrorOutcome> put(SampleSnapshot& truth, std::span<const Stretch> stretches) = 0;
  /// Unix seconds before which the other system asked to be left alone; 0 when it did not.
  [[nodiscard]] virtual std::int64_t not_before_s() const = 0;
};

}  // namespace pv::model
