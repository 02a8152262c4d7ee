#pragma once
/// What makes a file suspicious, for the person who decides.

#include <string>

namespace pv::ingest {

struct Evidence {
  std::string what;    // "Voie1 W looks like volts: 229.1 to 246.8"
  std::string column;  // field name, or ""
  bool operator==(const Evidence&) const = default;
};

}  // namespace pv::ingest
