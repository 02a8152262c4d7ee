#include "ingest/told_text.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "ingest/run_report.h"

namespace pv::ingest {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kServersOwn = {{
    {"store_unavailable", "the server could not reach the company's store; it tries again by itself"},
    {"store_damaged", "the company's store is damaged; nothing is lost, and the file is taken once whoever runs the server has mended it"},
    {"refused_by_store", "the company's store does not take this file; whoever runs the server can tell why"},
    {"ledger_unavailable", "the server could not write down what became of the file; it tries again by itself"},
    {"unreadable", "the server could not read the file; it tries again by itself"},
    {"not_moved", "the server could not move the file to where it belongs; it tries again by itself"},
    {"cannot_be_brought_back", "the server could not bring the file back from error/; whoever runs it can tell why"},
}};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

}  // namespace

std::string below(std::string_view text, const std::filesystem::path& data_folder) {
  std::string told(text);
  std::string folder = data_folder.string();
  while (folder.ends_with('/')) folder.pop_back();
  if (!folder.starts_with('/')) return told;
  replace_all(told, folder + "/", "");
  replace_all(told, folder, "the data folder");
  return told;
}

void name_as_known(FileRecord& record, const std::filesystem::path& data_folder) {
  record.message = below(record.message, data_folder);
  for (Evidence& seen : record.evidence) seen.what = below(seen.what, data_folder);
}

std::string_view short_text_of(std::string_view reason) noexcept {
  for (const auto& [own, text] : kServersOwn) {
    if (own == reason) return text;
  }
  return "";
}

std::string_view told_message(std::string_view reason, std::string_view message) noexcept {
  const std::string_view told = short_text_of(reason);
  return told.empty() ? message : told;
}

std::string known_as(const FileRecord& record) {
  const std::string name = std::filesystem::path(record.path).filename().string();
  return record.device.empty() ? name : fmt::format("{}/{}/{}/{}", record.tenant, record.campaign, record.device, name);
}

}  // namespace pv::ingest
