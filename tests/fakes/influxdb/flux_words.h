#pragma once
/// The words of a Flux script, for the fake.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pv::testing::influxdb {

struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Words of the script: names, strings (with a leading '"'), numbers with letters and dates, signs.
class Words {
 public:
  explicit Words(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
      const char c = text[i];
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
        ++i;
      } else if (c == '"') {
        std::string word = "\"";
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') throw Refused("an interpolation stands in a string");
          if (text[i] == '\\') {
            if (++i >= text.size()) break;
            word += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i] == 'r' ? '\r' : text[i];
          } else {
            word += text[i];
          }
        }
        if (i >= text.size()) throw Refused("a string does not end");
        ++i;
        words_.push_back(std::move(word));
      } else if (is_word(c)) {
        std::size_t end = i;
        const bool is_date = c >= '0' && c <= '9';
        while (end < text.size() && (is_word(text[end]) || (is_date && (text[end] == '-' || text[end] == ':' || text[end] == '.')))) ++end;
        words_.emplace_back(text.substr(i, end - i));
        i = end;
      } else {
        const std::string two(text.substr(i, 2));
        const bool is_pair = two == "|>" || two == "==" || two == "=>";
        words_.push_back(is_pair ? two : std::string(1, c));
        i += is_pair ? 2 : 1;
      }
    }
  }
  [[nodiscard]] bool at_end() const { return at_ >= words_.size(); }
  [[nodiscard]] const std::string& peek() const {
    static const std::string kNothing;
    return at_end() ? kNothing : words_[at_];
  }
  std::string next() {
    if (at_end()) throw Refused("the script ends too early");
    return words_[at_++];
  }
  void expect(std::string_view word) {
    if (const std::string got = next(); got != word) throw Refused("expected " + std::string(word) + ", got " + got);
  }
  bool take(std::string_view word) {
    if (peek() != word) return false;
    ++at_;
    return true;
  }
  std::string text() {
    const std::string word = next();
    if (!word.starts_with('"')) throw Refused("expected a string, got " + word);
    return word.substr(1);
  }

 private:
  static bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

}  // namespace pv::testing::influxdb
