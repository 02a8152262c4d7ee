#include "grafana/json_text.h"

#include <nlohmann/json.hpp>

namespace pv::grafana {

std::string text_of(const nlohmann::json& body) { return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace pv::grafana
