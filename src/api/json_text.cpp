#include "api/json_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include "model/names.h"

namespace pv::api {
namespace {

template <class Number>
void append(Number number, std::string& text) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

}  // namespace

void JsonText::key(std::string_view name) {
  comma();
  quote(name);
  text_ += ':';
  first_ = true;
}

void JsonText::value(std::string_view text) {
  comma();
  quote(text);
}

void JsonText::value(std::int64_t number) {
  comma();
  append(number, text_);
}

void JsonText::value(std::uint64_t number) {
  comma();
  append(number, text_);
}

void JsonText::value(double number) {
  if (!std::isfinite(number)) {
    null();
    return;
  }
  comma();
  append(number, text_);
}

void JsonText::value(bool truth) {
  comma();
  text_ += truth ? "true" : "false";
}

void JsonText::null() {
  comma();
  text_ += "null";
}

void JsonText::raw(std::string_view json) {
  comma();
  text_ += json;
}

void JsonText::values(std::span<const double> numbers) {
  begin_array();
  for (const double number : numbers) value(number);
  end_array();
}

void JsonText::values(std::span<const std::int64_t> numbers) {
  begin_array();
  for (const std::int64_t number : numbers) value(number);
  end_array();
}

void JsonText::open(char bracket) {
  comma();
  text_ += bracket;
  first_ = true;
}

void JsonText::close(char bracket) {
  text_ += bracket;
  first_ = false;
}

void JsonText::comma() {
  if (!first_) text_ += ',';
  first_ = false;
}

void JsonText::quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool sound = model::is_valid_utf8(text);
  text_ += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (byte < 0x20) {
      text_ += "\\u00";
      text_ += kHex[byte >> 4];
      text_ += kHex[byte & 15];
    } else if (byte >= 0x80 && !sound) {
      text_ += '?';
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

}  // namespace pv::api
