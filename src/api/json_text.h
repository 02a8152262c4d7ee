#pragma once
/// Writes JSON text front to back. Made for long arrays of numbers: no tree is built.
/// Numbers are the shortest that read back the same; what is not finite is null; text that is not UTF-8 has '?' in it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pv::api {

class JsonText {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::int64_t number);
  void value(std::uint64_t number);
  void value(double number);
  void value(bool truth);
  void null();

  /// A whole JSON value, as it is.
  void raw(std::string_view json);

  template <class T>
  void value(const std::optional<T>& number) {
    if (number) {
      value(*number);
    } else {
      null();
    }
  }
  void values(std::span<const double> numbers);
  void values(std::span<const std::int64_t> numbers);

  template <class T>
  void member(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  /// Null for 0: instants that have not been.
  void member_or_null(std::string_view name, std::int64_t instant_s) {
    member(name, instant_s == 0 ? std::optional<std::int64_t>() : std::optional(instant_s));
  }

  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void comma();
  void quote(std::string_view text);
  std::string text_;
  bool first_ = true;  // nothing stands before in the innermost object or array, or a key does
};

}  // namespace pv::api
