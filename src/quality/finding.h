#pragma once
/// What speaks against a file's header: shown to the person who decides whether the file is taken.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/channel.h"

namespace pv::quality {

enum class FindingKind : std::uint8_t {
  watts_read_like_volts,  // a column titled W holds a mains voltage
  volts_read_like_watts,  // a column titled V holds what no voltage is
  stored_elsewhere,       // other files have these very values at these instants, in another channel
};
/// Stable names for reports and APIs: "watts_read_like_volts".
[[nodiscard]] std::string_view to_string(FindingKind kind) noexcept;

struct Finding {
  std::string what;    // a sentence: which column, its range, what speaks against its title
  std::string column;  // field name, device_first
  FindingKind kind = FindingKind::watts_read_like_volts;

  bool operator==(const Finding&) const = default;
};

/// A file of thousands of columns shows its mistake in the first ones.
inline constexpr std::size_t kMostFindings = 64;

/// A column's title and place for a sentence: '"Voie1 W" (Ch1 of 02001283)'; long titles are cut.
[[nodiscard]] std::string shown(const model::Channel& channel);

}  // namespace pv::quality
