#include "grafana/json_value.h"

#include <nlohmann/json.hpp>

namespace pv::grafana {
namespace {

using nlohmann::json;

constexpr int kDeepest = 100;

const json& value_of(const std::shared_ptr<const void>& value) {
  static const json nothing;
  return value ? *static_cast<const json*>(value.get()) : nothing;
}

const json* member_of(const std::shared_ptr<const void>& value, std::string_view name) {
  const json& object = value_of(value);
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

Result<JsonValue> JsonValue::parse(std::string_view text) {
  bool too_deep = false;
  const auto shallow = [&too_deep](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  auto parsed = std::make_shared<json>(json::parse(text, shallow, false));
  if (too_deep || parsed->is_discarded()) return fail(Errc::invalid_input, "this is no JSON");
  JsonValue value;
  value.value_ = std::move(parsed);
  return value;
}

bool JsonValue::is_object() const { return value_of(value_).is_object(); }

bool JsonValue::is_list() const { return value_of(value_).is_array(); }

bool JsonValue::has(std::string_view member) const { return member_of(value_, member) != nullptr; }

std::string JsonValue::text(std::string_view member) const {
  const json* found = member_of(value_, member);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t JsonValue::integer(std::string_view member) const {
  const json* found = member_of(value_, member);
  return found != nullptr && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

bool JsonValue::truth(std::string_view member) const {
  const json* found = member_of(value_, member);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

JsonValue JsonValue::at(std::string_view member) const {
  JsonValue value;
  if (const json* found = member_of(value_, member)) value.value_ = std::shared_ptr<const void>(value_, found);
  return value;
}

std::vector<JsonValue> JsonValue::items() const {
  std::vector<JsonValue> items;
  const json& list = value_of(value_);
  if (!list.is_array()) return items;
  items.reserve(list.size());
  for (const json& item : list) items.emplace_back().value_ = std::shared_ptr<const void>(value_, &item);
  return items;
}

std::string JsonValue::dump() const { return value_of(value_).dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace pv::grafana
