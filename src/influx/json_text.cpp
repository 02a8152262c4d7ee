#include "influx/json_text.h"

#include <nlohmann/json.hpp>

namespace pv::influx {

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace pv::influx
