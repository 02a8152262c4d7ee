#pragma once
/// A position that walks over the lines of a text, and the fields of a line.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pv::tsv {

struct Line {
  std::string_view text;     // without LF, CR LF
  std::uint64_t offset = 0;  // of its first byte
  std::uint32_t number = 0;  // 1-based
  bool ended = false;        // a LF follows
};

class Lines {
 public:
  Lines(std::string_view text, std::uint64_t offset, std::uint32_t number) : text_(text), offset_(offset), number_(number) {}

  [[nodiscard]] bool at_end() const noexcept { return offset_ == text_.size(); }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
  [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(offset_); }

  [[nodiscard]] Line peek() const noexcept {
    std::string_view text = rest();
    const void* lf = text.empty() ? nullptr : std::memchr(text.data(), '\n', text.size());
    const bool ended = lf != nullptr;
    if (ended) text = text.substr(0, static_cast<std::size_t>(static_cast<const char*>(lf) - text.data()));
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    return {text, offset_, number_, ended};
  }

  /// Leaves the line that peek() gave.
  void skip(const Line& line) noexcept {
    if (!line.ended) {
      offset_ = text_.size();
      return;
    }
    offset_ = line.offset + line.text.size();
    if (text_[offset_] == '\r') ++offset_;
    ++offset_;
    ++number_;
  }

  void move_to(std::uint64_t offset, std::uint32_t number) noexcept {
    offset_ = offset;
    number_ = number;
  }

 private:
  std::string_view text_;
  std::uint64_t offset_;
  std::uint32_t number_;
};

/// Walks over the fields of a line: "a\t\tb" has three.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  bool next(std::string_view& field) noexcept {
    if (done_) return false;
    const std::size_t tab = rest_.find('\t');
    field = rest_.substr(0, tab);
    done_ = tab == std::string_view::npos;
    if (!done_) rest_.remove_prefix(tab + 1);
    return true;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace pv::tsv
