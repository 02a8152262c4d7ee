#include "fleet/logger_run.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/clock.h"

namespace pv::fleet {
namespace {

constexpr std::int64_t kUploadsFrom_s = 3 * 3600 + 15 * 60;  // local time; five minutes for the whole fleet
constexpr int kNightsAYear = 365;
constexpr std::int64_t kUnsetClock_s = 1'577'840'402;  // 01/01/20 01:00:02 as the file shows it

// What of a seed a night and a channel take; far apart, so that they never meet.
constexpr std::uint64_t kSiteSeed = 2;
constexpr std::uint64_t kChannelSeeds = 1'000;
constexpr std::uint64_t kUploadSeeds = 100'000;
constexpr std::uint64_t kNightSeeds = 1'000'000;

std::uint64_t number(int night) { return static_cast<std::uint64_t>(night + 1); }

}  // namespace

void LoggerRun::Stretch::clear() {
  text.clear();
  rows.clear();
}

LoggerRun::LoggerRun(const FleetOptions& options, const LoggerPlan& plan, const model::Zone& local_zone)
    : options_(options),
      plan_(plan),
      zone_(local_zone),
      header_(header_text(plan)),
      site_(plan.schedule, seed_of(plan.seed, kSiteSeed)),
      cells_(plan.channels.size()),
      row_text_(plan.channels.size(), plan.phases) {
  for (std::size_t i = 0; i < plan.channels.size(); ++i) {
    curves_.emplace_back(plan.channels[i].load, seed_of(plan.seed, kChannelSeeds + i));
  }
}

std::int64_t LoggerRun::upload_at(int night) const {
  const std::int64_t last_day = std::chrono::sys_days{options_.last_day}.time_since_epoch().count();
  const std::int64_t day = last_day - static_cast<std::int64_t>(options_.days) + 1 + night;
  Random random(seed_of(plan_.seed, kUploadSeeds + number(night)));
  return zone_.to_utc(day * kDay_s + kUploadsFrom_s + random.below(300)).earlier_s;
}

std::int32_t LoggerRun::offset_at(std::int64_t utc_s) {
  if (utc_s < offset_.begin_s || utc_s >= offset_.end_s) offset_ = zone_.offset_at(utc_s);
  return offset_.offset_s;
}

std::int64_t LoggerRun::shown(std::int64_t utc_s) {
  return plan_.dialect == Dialect::bare ? utc_s + offset_at(utc_s) : utc_s;
}

void LoggerRun::go_to(std::int64_t utc_s) {
  site_.go_to(utc_s, offset_at(utc_s));
  std::array<std::int32_t, 3> feeders{};  // sum by phase
  for (std::size_t i = 0; i < curves_.size(); ++i) {
    cells_[i] = curves_[i].read(site_);
    const bool is_feeder = curves_[i].load() != Load::mains && curves_[i].load() != Load::voltage;
    if (is_feeder && cells_[i] != kMinusZero) feeders[plan_.channels[i].phase] += cells_[i];
  }
  for (std::size_t i = 0; i < curves_.size(); ++i) {
    if (curves_[i].load() == Load::mains) cells_[i] += feeders[plan_.channels[i].phase];
  }
}

void LoggerRun::measure(Stretch& stretch, std::int64_t utc_s) {
  go_to(utc_s);
  row_text_.append_measured(stretch.text, shown(utc_s), cells_);
  stretch.close_row(RowKind::measured);
}

void LoggerRun::start_again(Stretch& stretch) {
  const std::int64_t on_s = outage_->on_s;
  const bool is_local = options_.quirks.restarts_in_local_time;
  row_text_.append_restart(stretch.text, is_local ? on_s + offset_at(on_s) : shown(on_s));
  stretch.close_row(RowKind::restart);
  measure(stretch, outage_->first_row_s);
  outage_.reset();
}

void LoggerRun::add_unset_clock_rows(Stretch& stretch, std::int64_t utc_s) {
  go_to(utc_s);
  for (std::int64_t stamp_s : {kUnsetClock_s, kUnsetClock_s + options_.step_s}) {
    row_text_.append_measured(stretch.text, stamp_s, cells_);
    stretch.close_row(RowKind::clock_unset);
    if (options_.step_s >= kDay_s / 2) break;  // the next one would be another day
  }
}

void LoggerRun::plan_outage(Random& night, std::int64_t from_s) {
  if (outage_ || night.below(1000) >= static_cast<std::int32_t>(options_.quirks.power_cuts)) return;
  // Over well before the next night: no restart falls into an hour that the clock shows twice.
  const std::int64_t off_s = from_s + 4500 + night.below(12 * 3600);
  const std::int64_t on_s = off_s + 300 + (night.one_in(3) ? night.below(6 * 3600) : night.below(2400));
  outage_ = Outage{off_s, on_s, on_s + 7 + night.below(4)};
}

void LoggerRun::fill(Stretch& stretch, std::int64_t from_s, std::int64_t to_s) {
  const std::int64_t step_s = options_.step_s;
  for (std::int64_t t = (from_s + step_s - 1) / step_s * step_s; t < to_s; t += step_s) {
    if (outage_ && t >= outage_->off_s) {
      if (t <= outage_->first_row_s) continue;
      start_again(stretch);
    }
    measure(stretch, t);
  }
}

bool LoggerRun::is_silent(int night) const {
  const int nights = static_cast<int>(options_.days);
  const bool has_days_around = nights >= 3;
  return options_.quirks.silent_day && plan_.has_silent_day && has_days_around && night == nights / 2;
}

LoggerRun::Fate LoggerRun::fate_of(Random& night) const {
  const Quirks& quirks = options_.quirks;
  auto roll = static_cast<std::uint64_t>(night.below(1000));
  for (const auto& [rate, fate] : {std::pair{quirks.resent, Fate::resent}, std::pair{quirks.cut, Fate::cut},
                                   std::pair{quirks.overlapping, Fate::overlapping}, std::pair{quirks.empty, Fate::empty}}) {
    if (roll < rate) return fate;
    roll -= rate;
  }
  return Fate::sent;
}

void LoggerRun::mark_sent(Stretch& stretch, std::size_t rows) {
  for (Row& row : std::span(stretch.rows).first(rows)) {
    if (row.kind == RowKind::measured) ++summary_->rows_written;
    if (row.sent) continue;
    row.sent = true;
    switch (row.kind) {
      case RowKind::measured: summary_->samples += cells_.size(); break;
      case RowKind::restart: ++summary_->restart_rows; break;
      case RowKind::clock_unset: ++summary_->clock_unset_rows; break;
    }
  }
}

Result<void> LoggerRun::send(std::int64_t at_s, std::string_view bytes, const FileVisitor& visit) {
  const std::string name = file_name(plan_.dialect, at_s + offset_at(at_s));
  ++summary_->files;
  summary_->bytes += bytes.size();
  return visit({plan_.company, plan_.campaign, plan_.serial, name, bytes});
}

Result<void> LoggerRun::send_whole(std::int64_t at_s, const FileVisitor& visit) {
  const bool loses_last = options_.quirks.lost_record && options_.layout == Layout::daily && today_.rows.size() > 1;
  const std::size_t rows = today_.rows.size() - (loses_last ? 1 : 0);
  file_ = header_;
  if (sends_before_again_) {
    file_ += before_.text;
    mark_sent(before_, before_.rows.size());
  }
  file_.append(today_.text, 0, today_.rows[rows - 1].end);
  mark_sent(today_, rows);
  file_ += footer_text(plan_.dialect);
  return send(at_s, file_, visit);
}

Result<void> LoggerRun::send_cut(std::int64_t at_s, Random& night, const FileVisitor& visit) {
  const auto count = static_cast<std::int32_t>(today_.rows.size());
  const auto row = static_cast<std::size_t>(count / 4 + night.below(count - count / 4));
  const std::size_t begin = row == 0 ? 0 : today_.rows[row - 1].end;
  const std::size_t length = today_.rows[row].end - begin - 1;  // without its line end
  const std::size_t kept = 1 + static_cast<std::size_t>(night.below(static_cast<std::int32_t>(length - 1)));
  file_ = header_;
  file_.append(today_.text, 0, begin + kept);
  mark_sent(today_, row);
  ++summary_->cut_files;
  return send(at_s, file_, visit);
}

Result<void> LoggerRun::send_night(int night, const FileVisitor& visit) {
  const std::int64_t from_s = upload_at(night - 1);
  const std::int64_t at_s = upload_at(night);
  Random random(seed_of(plan_.seed, kNightSeeds + number(night)));
  today_.clear();
  if (night == 0 && options_.quirks.unset_clock && plan_.has_unset_clock) add_unset_clock_rows(today_, from_s);
  plan_outage(random, from_s);
  fill(today_, from_s, at_s);
  if (today_.rows.empty()) return {};

  const Fate fate = sends_before_again_ ? Fate::sent : fate_of(random);
  const std::int64_t later_s = at_s + 300 + random.below(5400);
  switch (fate) {
    case Fate::resent: PV_TRY_VOID(send_cut(at_s, random, visit)); break;
    case Fate::cut: PV_TRY_VOID(send_cut(at_s, random, visit)); break;
    case Fate::empty:
      ++summary_->empty_files;
      PV_TRY_VOID(send(at_s, {}, visit));
      break;
    case Fate::sent:
    case Fate::overlapping: break;
  }
  if (fate != Fate::cut) {
    const bool again = fate == Fate::resent || fate == Fate::empty;
    PV_TRY_VOID(send_whole(again ? later_s : at_s, visit));
  }
  sends_before_again_ = fate == Fate::cut || fate == Fate::overlapping;
  std::swap(before_, today_);
  return {};
}

Result<void> LoggerRun::send_years(const FileVisitor& visit) {
  const int nights = static_cast<int>(options_.days);
  for (int first = 0; first < nights; first += kNightsAYear) {
    const int behind = std::min(first + kNightsAYear, nights);
    today_.clear();
    for (int night = first; night < behind; ++night) {
      const std::int64_t from_s = upload_at(night - 1);
      Random random(seed_of(plan_.seed, kNightSeeds + number(night)));
      if (night == 0 && options_.quirks.unset_clock && plan_.has_unset_clock) add_unset_clock_rows(today_, from_s);
      if (is_silent(night)) continue;
      plan_outage(random, from_s);
      fill(today_, from_s, upload_at(night));
    }
    if (!today_.rows.empty()) PV_TRY_VOID(send_whole(upload_at(behind - 1), visit));
  }
  return {};
}

Result<void> LoggerRun::run(const FileVisitor& visit, FleetSummary& summary) {
  summary_ = &summary;
  ++summary.loggers;
  if (options_.layout == Layout::yearly) return send_years(visit);
  const int nights = static_cast<int>(options_.days);
  for (int night = 0; night < nights; ++night) {
    if (!is_silent(night)) PV_TRY_VOID(send_night(night, visit));
  }
  return {};
}

}  // namespace pv::fleet
