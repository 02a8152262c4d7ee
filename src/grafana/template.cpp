#include "grafana/template.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "grafana/dashboard_text.h"
#include "model/names.h"

namespace pv::grafana {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kOpening = "${powerview:";

bool is_query_member(std::string_view name) { return name == "query" || name == "definition" || name == "rawQuery"; }

struct Placeholder {
  std::string_view type, name;
  std::size_t end = 0;  // past its closing brace
};

/// The placeholder that opens at `begin`; nothing when it is not written as one.
std::optional<Placeholder> placeholder_at(std::string_view text, std::size_t begin) {
  const std::size_t from = begin + kOpening.size();
  const std::size_t brace = text.find('}', from);
  if (brace == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(from, brace - from);
  const std::size_t space = inside.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  Placeholder found{inside.substr(0, space), inside.substr(space + 1), brace + 1};
  if (found.name.empty() || found.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string_view::npos) return std::nullopt;
  return found;
}

std::string_view kind_of(const FillValue& value) {
  switch (value.index()) {
    case 0: return "a text";
    case 1: return "a number";
    default: return "a list";
  }
}

Json number_of(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: whole numbers up to it are exact
  if (std::trunc(value) == value && std::abs(value) <= kExact) return static_cast<std::int64_t>(value);
  return value;
}

class Filler {
 public:
  Filler(const Filling& filling, std::string_view template_name) : filling_(filling), template_name_(template_name) {}

  Result<void> fill_node(Json& node, const std::string& path, bool in_query) {
    if (node.is_object()) {
      for (auto& [name, member] : node.items()) {
        if (name.find(kOpening) != std::string::npos) return refuse(path, fmt::format("a placeholder in the name of the member \"{}\"", name));
        PV_TRY_VOID(fill_node(member, path.empty() ? name : path + "." + name, in_query || is_query_member(name)));
      }
    } else if (node.is_array()) {
      for (std::size_t i = 0; i < node.size(); ++i) PV_TRY_VOID(fill_node(node[i], fmt::format("{}[{}]", path, i), in_query));
    } else if (node.is_string()) {
      PV_TRY_VOID(fill_text(node, path, in_query));
    }
    return {};
  }

 private:
  tl::unexpected<Error> refuse(std::string_view path, std::string_view why) const {
    return fail(Errc::invalid_input, fmt::format("template {}: {}: {}", template_name_, path.empty() ? "(top)" : path, why));
  }

  Result<void> fill_text(Json& node, std::string_view path, bool in_query) {
    const std::string text = node.get<std::string>();
    std::string filled;
    std::size_t done = 0;
    for (std::size_t at = text.find(kOpening); at != std::string::npos; at = text.find(kOpening, done)) {
      const auto place = placeholder_at(text, at);
      if (!place) {
        return refuse(path, fmt::format("\"{}\" is not written as a placeholder: {}TYPE NAME}}, TYPE being text, flux-string, number or list",
                                        text.substr(at, 40), kOpening));
      }
      filled.append(text, done, at - done);
      done = place->end;
      const bool is_whole = at == 0 && done == text.size();
      PV_TRY(auto value, value_of(*place, path, in_query, is_whole));
      if (!value.is_string()) {
        node = std::move(value);
        return {};
      }
      filled += value.get_ref<const std::string&>();
    }
    if (done == 0) return {};
    filled.append(text, done);
    node = std::move(filled);
    return {};
  }

  /// A text for its place; a number or a list where the placeholder is the whole text.
  Result<Json> value_of(const Placeholder& place, std::string_view path, bool in_query, bool is_whole) const {
    const bool is_list = place.type == "list", is_number = place.type == "number", is_flux = place.type == "flux-string";
    if (!is_list && !is_number && !is_flux && place.type != "text") {
      return refuse(path, fmt::format("\"{}\" is no type of placeholder; there are text, flux-string, number and list", place.type));
    }
    const auto found = filling_.find(place.name);
    if (found == filling_.end()) return refuse(path, fmt::format("there is no value \"{}\"", place.name));
    const FillValue& value = found->second;
    const std::size_t wanted = is_list ? 2 : is_number ? 1 : 0;
    if (value.index() != wanted) {
      return refuse(path, fmt::format("the value \"{}\" is {}, which a placeholder of the type {} does not take", place.name, kind_of(value),
                                      place.type));
    }
    if (is_list) {
      if (!is_whole) return refuse(path, "a list must be the whole text");
      if (in_query) return refuse(path, "a query takes no list");
      for (const std::string& item : std::get<2>(value)) {
        if (!model::is_valid_utf8(item)) return refuse(path, fmt::format("the value \"{}\" is not UTF-8", place.name));
      }
      return Json(std::get<2>(value));
    }
    if (is_number) {
      const double number = std::get<1>(value);
      if (!std::isfinite(number)) return refuse(path, fmt::format("the value \"{}\" is not finite", place.name));
      Json json = number_of(number);
      if (is_whole) return json;
      return Json(json.dump());
    }
    const std::string& text = std::get<0>(value);
    if (!model::is_valid_utf8(text)) return refuse(path, fmt::format("the value \"{}\" is not UTF-8", place.name));
    if (is_flux) return Json(flux_string(text));
    if (in_query) {
      return refuse(path, fmt::format("a query takes the value \"{0}\" as {1}flux-string {0}}}, never as text", place.name, kOpening));
    }
    return Json(text);
  }

  const Filling& filling_;
  std::string_view template_name_;
};

}  // namespace

Result<std::string> fill(std::string_view template_json, const Filling& filling, std::string_view template_name) {
  const std::string what = fmt::format("template {}", template_name);
  PV_TRY_VOID(check_dashboard_text(template_json, what));
  Json tree = Json::parse(template_json, nullptr, false);
  if (tree.is_discarded() || !tree.is_object()) return fail(Errc::invalid_input, fmt::format("{} is no JSON object", what));
  PV_TRY_VOID(Filler(filling, template_name).fill_node(tree, "", false));
  return tree.dump();
}

std::string flux_string(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // Besides quotes and ${, what Grafana replaces in queries before they are sent: $x, [[x]], and v.bucket also inside a literal.
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || byte >= 0x80;
    const bool is_plain = is_letter || (c >= '0' && c <= '9') || c == ' ' || c == '_' || c == '-';
    if (is_plain) {
      literal += c;
    } else {
      literal += fmt::format("\\x{:02x}", byte);
    }
  }
  return literal + '"';
}

}  // namespace pv::grafana
