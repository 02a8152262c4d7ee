#include "api/json_body.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace pv::api {
namespace {

tl::unexpected<Error> refuse_member(std::string_view name, std::string_view why) {
  return fail(Errc::invalid_input, fmt::format("member \"{}\": {}", name, why));
}

/// Takes one flat object; anything nested ends the reading at once, so the depth of a body costs nothing.
class FlatReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return take(nullptr); }
  bool boolean(bool truth) override { return take(truth); }
  bool number_integer(number_integer_t number) override { return take(std::int64_t{number}); }
  bool number_unsigned(number_unsigned_t number) override {
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return stop("the number is too large");
    return take(static_cast<std::int64_t>(number));
  }
  bool number_float(number_float_t, const string_t&) override { return stop("it must be a whole number"); }
  bool string(string_t& text) override { return take(std::move(text)); }
  bool binary(binary_t&) override { return stop("it must be a text, a number, a boolean or null"); }
  bool start_object(std::size_t) override {
    if (inside_) return stop("it must be a text, a number, a boolean or null");
    return inside_ = true;
  }
  bool key(string_t& name) override {
    name_ = std::move(name);
    return members.contains(name_) ? stop("it is given twice") : true;
  }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return stop("it must be a text, a number, a boolean or null"); }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem = fmt::format("the body is no JSON: byte {} is not what belongs there", position);
    return false;
  }

  std::map<std::string, JsonBody::Value, std::less<>> members;
  std::string problem;

 private:
  bool take(JsonBody::Value value) {
    if (!inside_) return stop("");
    members.emplace(name_, std::move(value));
    return true;
  }
  bool stop(std::string_view why) {
    problem = inside_ ? fmt::format("member \"{}\": {}", name_, why) : "the body must be a JSON object";
    return false;
  }
  bool inside_ = false;
  std::string name_;
};

}  // namespace

Result<JsonBody> JsonBody::parse(std::string_view text, std::initializer_list<std::string_view> known) {
  JsonBody body;
  if (text.empty()) return body;
  FlatReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) return fail(Errc::invalid_input, reader.problem);
  body.members_ = std::move(reader.members);
  for (const auto& [name, value] : body.members_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return refuse_member(name, known.size() == 0 ? std::string("unknown; this route takes none")
                                          : fmt::format("unknown; this route knows {}", fmt::join(known, ", ")));
  }
  return body;
}

bool JsonBody::is_null(std::string_view name) const {
  const auto found = members_.find(name);
  return found != members_.end() && std::holds_alternative<std::nullptr_t>(found->second);
}

Result<std::string> JsonBody::text(std::string_view name) const {
  PV_TRY(auto text, optional_text(name));
  if (!text) return refuse_member(name, "it must be given, as a text");
  return *std::move(text);
}

Result<Secret> JsonBody::secret(std::string_view name) const {
  PV_TRY(std::string text, JsonBody::text(name));
  return Secret(std::move(text));
}

Result<std::optional<std::string>> JsonBody::optional_text(std::string_view name) const {
  const auto found = members_.find(name);
  if (found == members_.end() || std::holds_alternative<std::nullptr_t>(found->second)) return std::optional<std::string>();
  const auto* text = std::get_if<std::string>(&found->second);
  if (text == nullptr) return refuse_member(name, "it must be a text");
  return std::optional<std::string>(*text);
}

Result<std::optional<std::int64_t>> JsonBody::optional_integer(std::string_view name, std::int64_t least, std::int64_t most) const {
  const auto found = members_.find(name);
  if (found == members_.end() || std::holds_alternative<std::nullptr_t>(found->second)) return std::optional<std::int64_t>();
  const auto* number = std::get_if<std::int64_t>(&found->second);
  if (number == nullptr || *number < least || *number > most) {
    return refuse_member(name, fmt::format("it must be a whole number from {} to {}", least, most));
  }
  return std::optional<std::int64_t>(*number);
}

Result<bool> JsonBody::flag(std::string_view name) const {
  const auto found = members_.find(name);
  if (found == members_.end() || std::holds_alternative<std::nullptr_t>(found->second)) return false;
  const bool* truth = std::get_if<bool>(&found->second);
  if (truth == nullptr) return refuse_member(name, "it must be true or false");
  return *truth;
}

}  // namespace pv::api
