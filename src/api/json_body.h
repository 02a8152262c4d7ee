#pragma once
/// The members of a request's JSON object: texts, whole numbers, booleans and nulls; nothing nested.
/// Errors: invalid_input, naming the member, what is wrong and what would be right.

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/secret.h"

namespace pv::api {

class JsonBody {
 public:
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, std::string>;

  /// Refuses members that are not `known` (a misspelt one must not be passed over) and those given twice. "" is {}.
  [[nodiscard]] static Result<JsonBody> parse(std::string_view text, std::initializer_list<std::string_view> known);

  [[nodiscard]] bool has(std::string_view name) const { return members_.contains(name); }
  [[nodiscard]] bool is_null(std::string_view name) const;

  /// Must be there.
  [[nodiscard]] Result<std::string> text(std::string_view name) const;
  [[nodiscard]] Result<Secret> secret(std::string_view name) const;
  /// Nothing when it is absent or null.
  [[nodiscard]] Result<std::optional<std::string>> optional_text(std::string_view name) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> optional_integer(std::string_view name, std::int64_t least, std::int64_t most) const;
  /// false when it is absent or null.
  [[nodiscard]] Result<bool> flag(std::string_view name) const;

 private:
  std::map<std::string, Value, std::less<>> members_;
};

}  // namespace pv::api
