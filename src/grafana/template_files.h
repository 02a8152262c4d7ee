#pragma once
/// The templates that are part of the program (src/grafana/templates), by the name of their file.

#include <string_view>

namespace pv::grafana {

/// "" when there is none of this name ("campaign.json", "operators.json").
[[nodiscard]] std::string_view shipped_template(std::string_view name) noexcept;

}  // namespace pv::grafana
