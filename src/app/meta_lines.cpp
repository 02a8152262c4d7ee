#include "app/meta_lines.h"

#include <algorithm>

#include <fmt/format.h>

#include "influx/bucket.h"
#include "influx/meta.h"
#include "influx/writer.h"

namespace pv::app {
namespace {

std::string_view status_of(ingest::Fate fate) {
  switch (fate) {
    case ingest::Fate::stored:
    case ingest::Fate::would_store: return "success";
    case ingest::Fate::rejected:
    case ingest::Fate::would_reject: return "failed";
    case ingest::Fate::deferred: return "deferred";
  }
  return "failed";
}

std::string status_of(const influx::MetaRun& run) {
  if (run.nb_files_failed == 0 && run.nb_files_deferred == 0) return "success";
  return run.nb_files_success > 0 ? "partial" : "failed";
}

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

std::int64_t MetaInstants::next(const std::string& tags, std::int64_t at_s) {
  constexpr std::size_t kMost = 20'000;
  if (last_.size() > kMost) std::erase_if(last_, [at_s](const auto& known) { return known.second < at_s; });
  std::int64_t& last = last_.try_emplace(tags, at_s - 1).first->second;
  last = std::max(at_s, last + 1);
  return last;
}

std::string meta_lines(const ingest::RunReport& report, const Settings& settings, MetaInstants& instants) {
  influx::MetaRun run;
  run.run_id = report.run_id.empty() ? fmt::format("serve-{}", report.start_ms) : report.run_id;
  run.start_s = report.start_ms / 1000;
  run.end_s = report.end_ms / 1000;
  run.duration_s = static_cast<double>(report.end_ms - report.start_ms) / 1000;
  run.base_folder = settings.data_folder.string();
  run.nb_files_total = number(report.files.size());
  run.nb_files_success = number(report.stored());
  run.nb_files_failed = number(report.rejected());
  run.nb_files_deferred = number(report.count(ingest::Fate::deferred));
  run.nb_points_total = number(report.samples());
  run.status = status_of(run);
  for (const std::string& problem : report.problems) run.error += (run.error.empty() ? "" : "; ") + problem;

  std::string lines;
  for (const ingest::FileRecord& record : report.files) {
    influx::MetaFile file;
    file.run_id = run.run_id;
    file.file_path = record.path;
    const auto tenant = model::TenantName::parse(record.tenant);
    file.bucket = tenant ? influx::bucket_of(*tenant) : "";
    file.campaign = record.campaign;
    file.device_master_sn = record.logger_sn;
    file.status = status_of(record.fate);
    if (record.fate != ingest::Fate::stored) {
      file.error = record.reason + (record.line > 0 ? fmt::format(" (line {})", record.line) : "") + (record.message.empty() ? "" : ": " + record.message);
    }
    file.nb_rows = number(record.rows);
    file.nb_channels = number(record.channels.size());
    file.nb_points = number(record.samples);
    file.nb_invalid_timestamps = number(record.invalid_timestamps);
    file.nb_invalid_values = number(record.invalid_values);
    file.time_start_s = record.time_start_s.value_or(0);
    file.time_end_s = record.time_end_s.value_or(0);
    file.at_s = instants.next(fmt::format("{}\n{}\n{}\n{}", file.bucket, file.campaign, file.device_master_sn, file.status), run.end_s);
    lines += influx::meta_line(file);
  }
  run.at_s = instants.next(run.status, run.end_s);
  return lines + influx::meta_line(run);
}

Result<void> send_meta_lines(influx::Access access, const std::string& bucket, std::string_view lines, std::int64_t& not_before_s) {
  PV_TRY(const auto connection, influx::Connection::open(std::move(access)));
  influx::Writer writer(*connection);
  model::MirrorOutcome outcome;
  auto sent = writer.ensure(bucket);
  if (sent) sent = writer.write(bucket, lines, outcome);
  not_before_s = connection->not_before_s();
  return sent;
}

}  // namespace pv::app
