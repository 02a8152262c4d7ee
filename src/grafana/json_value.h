#pragma once
/// JSON that another server has written, read leniently: what is missing or of another type is "", 0, false or no element.
///   Bounds: nested at most 100 deep. Errors: invalid_input.
///   Threads: a value; shares what was parsed, which nobody changes.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pv::grafana {

class JsonValue {
 public:
  /// null: it has no members.
  JsonValue() = default;
  static Result<JsonValue> parse(std::string_view text);

  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_list() const;
  [[nodiscard]] bool has(std::string_view member) const;
  [[nodiscard]] std::string text(std::string_view member) const;
  [[nodiscard]] std::int64_t integer(std::string_view member) const;
  [[nodiscard]] bool truth(std::string_view member) const;
  [[nodiscard]] JsonValue at(std::string_view member) const;
  /// Elements of a list.
  [[nodiscard]] std::vector<JsonValue> items() const;
  [[nodiscard]] std::string dump() const;

 private:
  std::shared_ptr<const void> value_;
};

}  // namespace pv::grafana
