#pragma once
/// Who is in the fleet: companies, campaigns, loggers, and what hangs behind each channel.

#include <cstdint>
#include <string>
#include <vector>

#include "fleet/curve.h"
#include "fleet/site.h"

namespace pv::fleet {

struct FleetOptions;

/// How a logger writes its files.
enum class Dialect : std::uint8_t {
  bare,     // MV_T302_V002, local time, no blocks
  wrapped,  // MV_T302_V003, header block, UTC, END_DATA
};

struct ChannelPlan {
  std::string serial;  // of the device behind the column
  std::string title;   // "Ph 1 V", "Voie1 W"
  Load load = Load::unused;
  unsigned phase = 0;  // which voltage feeds it
};

struct LoggerPlan {
  std::string company;
  std::string campaign;
  std::string serial;
  Dialect dialect = Dialect::bare;
  unsigned phases = 3;  // leading columns that are voltages: 3, or 1 when mono
  Schedule schedule = Schedule::office;
  std::uint64_t seed = 0;
  bool has_unset_clock = false;
  bool has_silent_day = false;
  std::vector<ChannelPlan> channels;
};

/// The logger `logger` of the company `company`, both counted from 0. The options have been checked.
[[nodiscard]] LoggerPlan plan_logger(const FleetOptions& options, unsigned company, unsigned logger);

}  // namespace pv::fleet
