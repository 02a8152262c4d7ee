#include "app/run_reports.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"

namespace pv::app {
namespace {

constexpr std::string_view kPrefix = "run-serve-", kSuffix = ".json";

bool settles_something(const ingest::RunReport& report) {
  return !report.problems.empty() || std::any_of(report.files.begin(), report.files.end(), [](const ingest::FileRecord& file) {
    return file.fate != ingest::Fate::deferred || !file.evidence.empty();
  });
}

}  // namespace

std::string RunReports::next_id(std::int64_t start_ms) {
  last_ms_ = std::max(start_ms, last_ms_ + 1);
  return fmt::format("serve-{}", last_ms_);
}

Result<void> RunReports::look() {
  std::error_code code;
  std::filesystem::create_directories(folder_, code);
  if (code) return fail(system_error("cannot make the folder of reports (setting ingest.report_dir)", folder_, code.value()));
  for (std::filesystem::directory_iterator entry(folder_, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    std::error_code unseen;
    const std::uint64_t bytes = entry->file_size(unseen);
    if (!unseen) kept_.push_back({name, bytes});
  }
  if (code) return fail(system_error("cannot list the folder of reports (setting ingest.report_dir)", folder_, code.value()));
  std::sort(kept_.begin(), kept_.end(), [](const Kept& a, const Kept& b) { return a.name < b.name; });
  for (const Kept& one : kept_) bytes_ += one.bytes;
  has_looked_ = true;
  return {};
}

Result<void> RunReports::keep(const ingest::RunReport& report) {
  if (!settles_something(report)) return {};
  if (!has_looked_) PV_TRY_VOID(look());
  const std::string text = ingest::to_json(report);
  Kept one{fmt::format("run-{}{}", report.run_id, kSuffix), text.size()};
  if (auto written = replace_file(folder_ / one.name, text); !written) {
    has_looked_ = false;
    kept_.clear();
    bytes_ = 0;
    return fail(std::move(written).error().with("the report of a batch (setting ingest.report_dir)"));
  }
  kept_.push_back(std::move(one));
  bytes_ += text.size();
  while (kept_.size() > 1 && (kept_.size() > limits_.files || bytes_ > limits_.bytes)) {
    std::error_code code;
    std::filesystem::remove(folder_ / kept_.front().name, code);
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
  return {};
}

}  // namespace pv::app
