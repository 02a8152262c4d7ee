#include "ingest/file_reading.h"

#include <utility>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/file.h"
#include "tsv/header_graft.h"

namespace pv::ingest {
namespace {

struct Refusal {
  Readiness readiness;
  std::string_view reason;
  std::string_view advice;
};

Refusal judge(ReadRefusal why) noexcept {
  switch (why) {
    case ReadRefusal::vanished: return {Readiness::deferred, "vanished", "nothing to do unless it should be there"};
    case ReadRefusal::symlink: return {Readiness::rejected, "symlink", "put the file itself there"};
    case ReadRefusal::not_regular: return {Readiness::rejected, "not_a_file", "only regular files are read"};
    case ReadRefusal::too_large: return {Readiness::rejected, "too_large", "raise ingest.max_file_bytes if the file is right"};
    case ReadRefusal::being_written: return {Readiness::deferred, "being_written", "it is taken at the next run"};
    case ReadRefusal::changed: return {Readiness::deferred, "changed", "it is taken at the next run"};
    case ReadRefusal::unreadable: return {Readiness::deferred, "unreadable", "check the rights of the file and its folders"};
  }
  return {Readiness::deferred, "unreadable", ""};
}

std::vector<std::string> warnings_of(const FileReading& reading) {
  std::vector<std::string> warnings;
  for (const tsv::Warning& warning : reading.content->report.warnings) {
    std::string text(tsv::to_string(warning.kind));
    if (warning.line > 0) text += fmt::format(" (line {})", warning.line);
    if (!warning.detail.empty()) text += ": " + warning.detail;
    warnings.push_back(std::move(text));
  }
  if (reading.file.place && reading.content->master_sn != reading.file.place->device.str()) {
    warnings.push_back(fmt::format("serial_differs: the folder says {}, the file says {}; the file's is used",
                                   reading.file.place->device.str(), reading.content->master_sn));
  }
  return warnings;
}

}  // namespace

FileReading read_logger_file(FoundFile file, const ReadingRules& rules, std::vector<char>& buffer, const Decision& decision) {
  FileReading reading;
  reading.file = std::move(file);
  // Before the read: what replaces the file from here on shows as another one.
  reading.identity = identity_of(reading.file.path);
  const auto refuse = [&](Readiness readiness, std::string_view reason, std::string message, std::uint32_t line = 0) {
    reading.readiness = readiness;
    reading.reason = reason;
    reading.message = std::move(message);
    reading.line = line;
    return std::move(reading);
  };
  if (!reading.file.place) {
    return refuse(Readiness::rejected, to_string(reading.file.why),
                  fmt::format("{}: {}", reading.file.path.string(), reading.file.problem));
  }
  if (auto bytes = read_settled_file(reading.file.path, rules.max_file_bytes, buffer); !bytes) {
    const Refusal refusal = judge(bytes.error().why);
    return refuse(refusal.readiness, refusal.reason, fmt::format("{}; {}", bytes.error().message, refusal.advice));
  }
  reading.origin.name = reading.file.path.filename().string();
  reading.origin.device_folder = reading.file.place->device.str();
  reading.origin.size = buffer.size();
  reading.origin.stamp = model::stamp_of_name(reading.origin.name);
  reading.origin.digest = sha256(std::as_bytes(std::span(buffer)));

  std::vector<char> under_other_header;
  if (!decision.header_file.empty()) {
    auto grafted = tsv::with_header_of(buffer, decision.header_file, rules.extra_formats);
    if (!grafted) reading.evidence.push_back({grafted.error().message(), ""});
    if (!grafted) return refuse(Readiness::held, "other_header_does_not_fit", fmt::format("{}: {}", reading.file.path.string(), grafted.error().message()));
    under_other_header = std::move(*grafted);
  }
  tsv::ReadOptions options;
  options.bare_zone = rules.zone_of(*reading.file.place);
  options.extra_formats = rules.extra_formats;
  options.restart_rows = rules.restart_rows;
  if (rules.latest_s) options.latest_s = rules.latest_s();
  auto content = tsv::read_or_reject(under_other_header.empty() ? buffer : under_other_header, options);
  if (!content) {
    return refuse(Readiness::rejected, tsv::to_string(content.error().reason),
                  fmt::format("{}: {}", reading.file.path.string(), content.error().message), content.error().line);
  }
  reading.content = std::move(*content);
  const tsv::ReadReport& report = reading.content->report;
  reading.origin.zone = report.zone_origin == tsv::ZoneOrigin::settings ? report.zone : "";
  reading.warnings = warnings_of(reading);
  if (rules.expected_step_of) reading.expected_step_s = rules.expected_step_of(*reading.file.place);
  if (report.samples == 0 && reading.content->events.empty()) {
    const bool has_rows = report.rows > 0;
    return refuse(Readiness::rejected, has_rows ? "no_valid_rows" : "no_rows",
                  fmt::format("{}: {}", reading.file.path.string(),
                              has_rows ? fmt::format("none of its {} rows holds a sample that can be taken; 'powerview inspect' shows why",
                                                     report.rows)
                                       : "it has a header and no rows"));
  }
  if (rules.suspicion && !decision.is_accepted) {
    reading.evidence = rules.suspicion(reading);
    if (!reading.evidence.empty()) {
      return refuse(Readiness::held, "implausible_header",
                    fmt::format("{}: its header contradicts its values: {}. Nothing of it is stored until a person has decided", reading.file.path.string(),
                                reading.evidence.front().what));
    }
  }
  reading.readiness = Readiness::ready;
  return reading;
}

model::Delivery delivery_of(const FileReading& reading) {
  return {&reading.file.place->campaign, &reading.origin, reading.content->tables, reading.content->events,
          reading.content->master_sn};
}

}  // namespace pv::ingest
