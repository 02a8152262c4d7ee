#include "ingest/forwarder.h"

#include <algorithm>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/fault.h"

namespace pv::ingest {
namespace {

/// Of the lines about what was ingested, which are no company's.
const std::string kLines;

/// 75 to 125 of a hundred, so that many installations do not come back at once.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds wait) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return wait * std::uniform_int_distribution<int>(75, 125)(random) / 100;
}

}  // namespace

std::vector<model::Stretch> joined(std::span<const OutboxEntry> entries) {
  std::vector<model::Stretch> all;
  for (const OutboxEntry& entry : entries) {
    model::Stretch next = entry.stretch;
    // Whatever it touches is taken into it, which may make it touch more.
    for (auto known = all.begin(); known != all.end();) {
      const bool touches = known->campaign == next.campaign && known->logger_sn == next.logger_sn && known->period.from_s <= next.period.to_s &&
                           next.period.from_s <= known->period.to_s;
      if (!touches) {
        ++known;
        continue;
      }
      next.period = {std::min(known->period.from_s, next.period.from_s), std::max(known->period.to_s, next.period.to_s)};
      next.change = std::max(known->change, next.change);
      all.erase(known);
      known = all.begin();
    }
    all.push_back(std::move(next));
  }
  return all;
}

Forwarder::Forwarder(ForwarderOptions options) : options_(std::move(options)) {}

std::unique_ptr<Forwarder> Forwarder::start(ForwarderOptions options) {
  std::unique_ptr<Forwarder> forwarder(new Forwarder(std::move(options)));
  Forwarder* const self = forwarder.get();
  forwarder->thread_ = std::jthread([self](const std::stop_token& stop) { self->work(stop); });
  return forwarder;
}

Forwarder::~Forwarder() {
  thread_.request_stop();
  changed_.notify_all();
}

void Forwarder::wake() {
  const std::lock_guard lock(mutex_);
  ++calls_;
  // What is new may be of a company that nothing is wrong with.
  if (last_ == Step::idle || last_ == Step::held) last_ = Step::went_on;
  changed_.notify_all();
}

bool Forwarder::wait_drained(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  if (last_ == Step::set_back || last_ == Step::held) return false;
  ++calls_;
  last_ = Step::went_on;
  changed_.notify_all();
  changed_.wait_for(lock, most, [&] { return last_ != Step::went_on; });
  return last_ == Step::idle;
}

bool Forwarder::is_in_trouble() const {
  const std::lock_guard lock(mutex_);
  return last_ == Step::set_back || last_ == Step::held;
}

Forwarder::Figures Forwarder::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void Forwarder::say(const std::string& line) const {
  if (options_.log) options_.log(line);
}

void Forwarder::work(const std::stop_token& stop) {
  stop_ = stop;
  while (!stop.stop_requested()) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      seen = calls_;
    }
    const Step step = forward_some();
    std::unique_lock lock(mutex_);
    last_ = calls_ == seen || step == Step::set_back ? step : Step::went_on;
    changed_.notify_all();
    if (step == Step::went_on) continue;
    if (step == Step::held) {
      changed_.wait_for(lock, stop, std::max(pause_, std::chrono::milliseconds(1)), [&] { return calls_ != seen; });
    } else if (step == Step::idle) {
      changed_.wait(lock, stop, [&] { return calls_ != seen; });
    } else {
      // New files do not make an absent server come back sooner.
      changed_.wait_for(lock, stop, pause_, [] { return false; });
    }
  }
}

Forwarder::Step Forwarder::set_back(const Error& error, std::int64_t not_before_s) {
  back_off_ = std::min(options_.longest_wait, std::max(options_.first_wait, back_off_ * 2));
  pause_ = error.kind() == Errc::denied || error.kind() == Errc::invalid_input ? options_.longest_wait : with_jitter(back_off_);
  if (not_before_s > 0) pause_ = std::max(pause_, std::chrono::milliseconds(std::chrono::seconds(not_before_s - unix_now_s())));
  note_trouble(error.message());
  {
    const std::lock_guard lock(mutex_);
    ++figures_.setbacks;
  }
  return Step::set_back;
}

Forwarder::Step Forwarder::hold(const std::string& whose, const Error& error, std::int64_t not_before_s) {
  if (stop_.stop_requested()) return Step::went_on;
  const bool is_asked_to_rest = whose != kLines && not_before_s > unix_now_s();
  if (is_asked_to_rest) return set_back(error, not_before_s);
  if (options_.probe && whose != kLines) {
    if (const auto answers = options_.probe(); !answers) return set_back(answers.error(), 0);
  }
  const bool is_soon = error.kind() != Errc::denied && error.kind() != Errc::invalid_input;
  Hold& held = held_[whose];
  held.length = std::min(options_.longest_hold, std::max(is_soon ? options_.first_wait : options_.longest_wait, held.length * 2));
  held.until = Clock::now() + held.length;
  if (not_before_s > 0) held.until = std::max(held.until, Clock::now() + std::chrono::seconds(not_before_s - unix_now_s()));
  note_trouble(whose.empty() ? error.message() : fmt::format("{}: {}", whose, error.message()));
  const std::lock_guard lock(mutex_);
  ++figures_.setbacks;
  return Step::went_on;
}

void Forwarder::note_trouble(const std::string& trouble) {
  // The same words with and without a company's name are one thing to say.
  const bool is_said = !trouble_.empty() && (trouble_.ends_with(trouble) || trouble.ends_with(trouble_));
  if (!is_said) say(fmt::format("sink.setback sink={} why={}", options_.sink, trouble));
  trouble_ = trouble;
  if (const auto noted = options_.outbox->note_trouble(options_.sink, trouble_); !noted) say(noted.error().message());
}

std::set<std::string> Forwarder::held_now() const {
  std::set<std::string> names;
  for (const auto& [name, held] : held_) {
    if (held.until > Clock::now()) names.insert(name);
  }
  return names;
}

Forwarder::Step Forwarder::wait_for_held() {
  if (held_.empty()) {
    if (!trouble_.empty()) all_is_well(kLines);  // what was in trouble is no longer wanted
    return Step::idle;
  }
  const auto first = std::min_element(held_.begin(), held_.end(), [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
  pause_ = std::chrono::duration_cast<std::chrono::milliseconds>(first->second.until - Clock::now());
  return Step::held;
}

Forwarder::Step Forwarder::forward_some() {
  if (options_.truth == nullptr) return forward_lines();
  std::optional<SinkTurn> turn;
  if (options_.turn) {
    auto taken = options_.turn([this] { return stop_.stop_requested(); });
    if (!taken && stop_.stop_requested()) return Step::went_on;
    if (!taken) return set_back(taken.error(), 0);
    turn = std::move(*taken);
  }
  const std::set<std::string> passed_over = held_now();
  auto entries = options_.outbox->next(options_.sink, options_.most_entries, passed_over);
  if (!entries) return set_back(entries.error(), 0);
  if (entries->empty()) {
    turn.reset();
    // Those that may be tried again have nothing left.
    std::erase_if(held_, [&passed_over](const auto& held) { return held.first != kLines && !passed_over.contains(held.first); });
    return forward_lines();
  }
  const std::string whose = entries->front().tenant.str();
  std::int64_t not_before_s = 0;
  if (auto sent = forward(*entries, not_before_s); !sent) return hold(whose, sent.error(), not_before_s);
  fault_point("forward.sent");
  if (auto done = options_.outbox->done(*entries); !done) return set_back(done.error(), 0);
  fault_point("forward.done");
  all_is_well(whose);
  return Step::went_on;
}

Result<void> Forwarder::forward(const std::vector<OutboxEntry>& entries, std::int64_t& not_before_s) {
  const model::TenantName& tenant = entries.front().tenant;
  const auto source = options_.truth->open(tenant);
  if (!source && source.error().kind() == Errc::not_found) return {};  // a company that is gone has nothing to send
  if (!source) return fail(source.error());
  PV_TRY(model::Mirror* const mirror, options_.mirror_of(tenant));
  PV_TRY(const auto snapshot, (*source)->snapshot(1));
  const std::vector<model::Stretch> stretches = joined(entries);
  auto outcome = mirror->put(*snapshot, stretches);
  if (!outcome) {
    not_before_s = mirror->not_before_s();
    return fail(std::move(outcome).error());
  }
  PV_TRY_VOID(options_.outbox->list_refused(options_.sink, tenant, stretches, refused_of(tenant, entries, *outcome)));
  const std::lock_guard lock(mutex_);
  figures_.points += outcome->points;
  figures_.requests += outcome->requests;
  figures_.refused += outcome->refused_total;
  return {};
}

void Forwarder::all_is_well(const std::string& whose) {
  held_.erase(whose);
  back_off_ = std::chrono::milliseconds(0);
  if (!held_.empty()) return;
  if (!trouble_.empty()) {
    say(fmt::format("sink.back sink={}", options_.sink));
    trouble_.clear();
  }
  if (auto noted = options_.outbox->note_trouble(options_.sink, ""); !noted) say(noted.error().message());
}

Forwarder::Step Forwarder::forward_lines() {
  if (!options_.send_lines || held_now().contains(kLines)) return wait_for_held();
  const auto lines = options_.outbox->next_lines(options_.sink, options_.most_entries);
  if (!lines) return set_back(lines.error(), 0);
  if (lines->empty()) {
    held_.erase(kLines);
    return wait_for_held();
  }
  std::string text;
  for (const Outbox::Line& line : *lines) text += line.text;
  std::int64_t not_before_s = 0;
  if (auto sent = options_.send_lines(text, not_before_s); !sent) return hold(kLines, sent.error(), not_before_s);
  if (auto done = options_.outbox->lines_done(*lines); !done) return set_back(done.error(), 0);
  all_is_well(kLines);
  return Step::went_on;
}

std::vector<RefusedRow> Forwarder::refused_of(const model::TenantName& tenant, const std::vector<OutboxEntry>& entries, const model::MirrorOutcome& outcome) {
  std::vector<RefusedRow> rows = refused_rows(options_.sink, tenant, outcome);
  if (outcome.refused_total > 0) {
    say(fmt::format("sink.refused sink={} tenant={} points={} listed={}", options_.sink, tenant.str(), outcome.refused_total, rows.size()));
  }
  for (RefusedRow& row : rows) {
    // The newest file that brought rows of this instant.
    const auto from = std::find_if(entries.rbegin(), entries.rend(), [&point = row.point](const OutboxEntry& entry) {
      return entry.stretch.campaign.str() == point.campaign && entry.stretch.logger_sn == point.logger_sn && entry.stretch.period.from_s <= point.time_s &&
             point.time_s < entry.stretch.period.to_s && !entry.file.empty();
    });
    if (from == entries.rend()) continue;
    row.digest = from->digest;
    row.file = fmt::format("{}/{}/{}", from->stretch.campaign.str(), from->device_folder, from->file);
    if (options_.locate) options_.locate(row, *from);
  }
  return rows;
}

}  // namespace pv::ingest
