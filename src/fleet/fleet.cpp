#include "fleet/fleet.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "fleet/logger_run.h"
#include "fleet/plan.h"
#include "model/zone.h"

namespace pv::fleet {
namespace {

constexpr std::uint64_t kMaxLoggers = 8'000;
constexpr unsigned kMaxChannels = 600;
constexpr unsigned kMaxDays = 36'500;
constexpr std::int64_t kMaxStep_s = 86'400;
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

Result<void> check_count(std::string_view option, std::uint64_t value, std::uint64_t most) {
  if (value >= 1 && value <= most) return {};
  return fail(Errc::invalid_input, fmt::format("{} is {}: give a number from 1 to {}", option, value, most));
}

Result<void> check_dates(const FleetOptions& options) {
  if (!options.last_day.ok()) return fail(Errc::invalid_input, "the last day is no date of the calendar");
  const std::chrono::year_month_day first = std::chrono::sys_days{options.last_day} - std::chrono::days{options.days};
  // Two digits stand for the year in the files, and loggers whose clock is unset say 2020-01-01.
  if (first.year() >= std::chrono::year{2000} && options.last_day.year() <= std::chrono::year{2098}) return {};
  return fail(Errc::invalid_input,
              fmt::format("{} days up to {} do not lie within 2000 to 2098: give fewer days or another last day", options.days,
                          static_cast<int>(options.last_day.year())));
}

Result<void> check_file_size(const FleetOptions& options) {
  const std::uint64_t days = options.layout == Layout::yearly ? std::min(options.days, 365U) : 2;
  const std::uint64_t rows = days * 86'400 / static_cast<std::uint64_t>(options.step_s) + days;
  const std::uint64_t bytes = rows * (18 + 8 * std::uint64_t{options.channels});
  if (bytes <= kMaxFileBytes) return {};
  return fail(Errc::invalid_input,
              fmt::format("a file would take about {} MB (at most {}): give a longer step, fewer channels or layout daily",
                          bytes >> 20, kMaxFileBytes >> 20));
}

Result<void> check(const FleetOptions& options) {
  PV_TRY_VOID(check_count("companies", options.companies, kMaxLoggers));
  PV_TRY_VOID(check_count("loggers", options.loggers, kMaxLoggers));
  PV_TRY_VOID(check_count("companies times loggers", std::uint64_t{options.companies} * options.loggers, kMaxLoggers));
  PV_TRY_VOID(check_count("channels", options.channels, kMaxChannels));
  PV_TRY_VOID(check_count("days", options.days, kMaxDays));
  if (options.step_s < 1 || options.step_s > kMaxStep_s) {
    return fail(Errc::invalid_input, fmt::format("step is {} s: give 1 to {} s", options.step_s, kMaxStep_s));
  }
  PV_TRY_VOID(check_dates(options));
  return check_file_size(options);
}

}  // namespace

Result<FleetSummary> for_each_file(const FleetOptions& options, const FileVisitor& visit) {
  PV_TRY_VOID(check(options));
  PV_TRY(const model::Zone zone, model::Zone::from_name("Europe/Paris"));
  FleetSummary summary;
  for (unsigned company = 0; company < options.companies; ++company) {
    for (unsigned logger = 0; logger < options.loggers; ++logger) {
      const LoggerPlan plan = plan_logger(options, company, logger);
      LoggerRun run(options, plan, zone);
      PV_TRY_VOID(run.run(visit, summary));
    }
  }
  return summary;
}

}  // namespace pv::fleet
