#pragma once
/// A password or token. It does not print, format or compare; whoever needs the text says so.

#include <string>
#include <utility>

namespace pv {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  /// For handing to the system it belongs to; never to a log, a report or an error.
  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace pv
