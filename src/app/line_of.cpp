#include "app/line_of.h"

#include <algorithm>
#include <vector>

namespace pv::app {
namespace {

bool has(std::span<const char> bytes, const tsv::ReadOptions& options, std::string_view logger_sn, std::int64_t time_s) {
  const auto file = tsv::read_or_reject(bytes, options);
  if (!file) return false;
  if (file->master_sn == logger_sn && std::any_of(file->events.begin(), file->events.end(), [time_s](const model::Event& event) { return event.time_s == time_s; })) return true;
  return std::any_of(file->tables.begin(), file->tables.end(), [&](const model::LoggerTable& table) {
    return !table.channels.empty() && table.channels.front().master_sn == logger_sn && std::binary_search(table.rows.time_s.begin(), table.rows.time_s.end(), time_s);
  });
}

}  // namespace

std::uint32_t line_of(std::span<const char> bytes, const tsv::ReadOptions& options, std::string_view logger_sn, std::int64_t time_s) {
  std::vector<std::size_t> ends;  // of each line, its line feed included
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' || i + 1 == bytes.size()) ends.push_back(i + 1);
  }
  if (ends.empty() || !has(bytes, options, logger_sn, time_s)) return 0;
  // What a longer piece has, a shorter one may lack: so the first that has it is looked for.
  const auto first = std::partition_point(ends.begin(), ends.end() - 1, [&](std::size_t end) { return !has(bytes.first(end), options, logger_sn, time_s); });
  return static_cast<std::uint32_t>(first - ends.begin()) + 1;
}

}  // namespace pv::app
