#include "model/delivery.h"

#include <algorithm>

namespace pv::model {
namespace {

/// Value of `count` digits at `text`, or -1.
std::int64_t digits(std::string_view text) noexcept {
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::int64_t stamp_of_name(std::string_view file_name) noexcept {
  // "T302_251026_031500.tsv": six digits, '_', six digits, after a '_' and before '.', '_' or the '~' of a name that was taken.
  for (std::size_t i = 0; i + 13 <= file_name.size(); ++i) {
    if (i > 0 && file_name[i - 1] != '_') continue;
    if (file_name[i + 6] != '_') continue;
    if (i + 13 < file_name.size() && file_name[i + 13] != '.' && file_name[i + 13] != '_' && file_name[i + 13] != '~') continue;
    const std::int64_t date = digits(file_name.substr(i, 6));
    const std::int64_t time = digits(file_name.substr(i + 7, 6));
    if (date >= 0 && time >= 0) return date * 1'000'000 + time;
  }
  return 0;
}

}  // namespace pv::model
