#include "model/arrival.h"

#include <algorithm>
#include <array>

namespace pv::model {
namespace {

bool ends_in(std::string_view name, std::string_view lower_case_ending) noexcept {
  return name.size() > lower_case_ending.size() &&
         std::equal(lower_case_ending.begin(), lower_case_ending.end(), name.end() - static_cast<std::ptrdiff_t>(lower_case_ending.size()),
                    [](char wanted, char c) { return wanted == (c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c); });
}

}  // namespace

std::string_view to_string(Way way) noexcept {
  switch (way) {
    case Way::sftp: return "sftp";
    case Way::http: return "http";
    case Way::hook: return "hook";
    case Way::watch: return "watch";
    case Way::scan: return "scan";
    case Way::command: return "command";
  }
  return "unknown";
}

bool is_logger_file_name(std::string_view name) noexcept { return !name.empty() && name.front() != '.' && ends_in(name, ".tsv"); }

bool is_transfer_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 5> kEndings = {".part", ".filepart", ".partial", ".tmp", ".upload"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
    return ends_in(name, ending) && is_logger_file_name(name.substr(0, name.size() - ending.size()));
  });
}

}  // namespace pv::model
