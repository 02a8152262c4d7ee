#pragma once
/// What a read file hands to the sinks, and what a sink answers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/names.h"
#include "model/sample_block.h"

namespace pv::model {

using Digest = std::array<std::byte, 32>;  // SHA-256 of the file's bytes

/// Where samples come from. Rank (design: same samples in any order): of two whole rows that disagree on a cell the one
/// with the later `stamp` wins, then the greater digest.
struct FileOrigin {
  std::string name;           // "T302_251026_031500.tsv"
  std::string device_folder;  // third folder of the path
  Digest digest{};
  std::uint64_t size = 0;
  std::int64_t stamp = 0;  // YYMMDDhhmmss of the name, as a number; 0 when the name has none
  std::string zone;        // the zone its bare stamps were read with; "" for a file that says its own
};

/// Reads the stamp out of a file name; 0 when there is none.
[[nodiscard]] std::int64_t stamp_of_name(std::string_view file_name) noexcept;

/// One file's samples and events on their way into one tenant's sink. Borrows; the file must outlive the call.
struct Delivery {
  const CampaignName* campaign = nullptr;
  const FileOrigin* origin = nullptr;
  std::span<const LoggerTable> tables;  // no two give a value for the same instant and channel
  std::span<const Event> events;
  std::string logger_sn;  // master serial; owner of the events
};

struct DeliveryOutcome {
  std::uint64_t samples_new = 0;        // cells that were not there before
  std::uint64_t samples_same = 0;       // cells that already held this value
  std::uint64_t samples_replaced = 0;   // cells whose value this file changed
  std::uint64_t samples_outranked = 0;  // cells of this file that lost against what is stored
  bool known_file = false;              // these very bytes were stored before
  std::string other_zone = {};          // they were stored before, but read in this zone: their samples lie twice now
};

/// Where samples go. One sink serves one tenant.
///   Atomic: all deliveries of a call are durable when it returns a value, none of them counts when it returns an error.
///   Idempotent: writing the same delivery again changes nothing.
///   Errors: io (disk full, permission), unavailable (busy or away; try again), corrupt (the sink is damaged),
///   invalid_input (a delivery that this sink will never take).
///   Threads: one caller at a time.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  virtual Result<std::vector<DeliveryOutcome>> write(std::span<const Delivery> deliveries) = 0;
};

}  // namespace pv::model
