#pragma once
/// Texts out of InfluxDB's answers, which may be of any shape.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace pv::influx {

/// "" when the object has no text of that name.
[[nodiscard]] std::string text_at(const nlohmann::json& object, const char* key);

}  // namespace pv::influx
