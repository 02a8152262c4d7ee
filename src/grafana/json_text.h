#pragma once
/// JSON as it is sent: what is no UTF-8 in it is replaced, as the server would refuse it.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace pv::grafana {

[[nodiscard]] std::string text_of(const nlohmann::json& body);

}  // namespace pv::grafana
