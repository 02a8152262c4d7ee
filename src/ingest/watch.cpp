#include "ingest/watch.h"

#include <algorithm>
#include <exception>
#include <span>

#include <fmt/format.h>

#include "base/check.h"
#include "ingest/watch_state.h"

namespace pv::ingest {
namespace fs = std::filesystem;
namespace {

// No path below the data folder begins with '/'.
constexpr std::string_view kSpoolLabel = "/spool";
constexpr std::size_t kSpoolBatch = 1000;
constexpr std::size_t kMostSaid = 1000;
constexpr std::chrono::milliseconds kShortestInterval{10};

fs::path plain_folder(const fs::path& path) {
  fs::path plain = fs::absolute(path).lexically_normal();
  return plain.has_filename() ? plain : plain.parent_path();
}

model::Sender sender_of(const HookEvent& event) { return {model::Way::hook, event.username, event.ip}; }

}  // namespace

Watch::State::State(WatchOptions given) : options_(std::move(given)), still_(std::max(options_.grace, std::chrono::milliseconds(0))) {
  options_.data_folder = plain_folder(options_.data_folder);
  options_.scan_interval = std::max(options_.scan_interval, kShortestInterval);
  options_.recount_interval = std::max(options_.recount_interval, kShortestInterval);
  next_look_ = spool_due_ = Clock::now();
  next_recount_ = next_look_ + options_.recount_interval;
}

Watch::State::~State() {
  thread_.request_stop();
  events_.interrupt();
}

void Watch::State::begin() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    stop_ = stop;
    run();
  });
}

void Watch::State::run() {
  if (options_.spool != nullptr) {
    auto folder = Folder::open(options_.spool->path());
    auto watched = folder ? events_.watch(*folder, kSpoolLabel) : Result<void>(fail(folder.error()));
    if (!watched) say_once(said_of_hooks_, watched.error().message());
  }
  while (!stop_.stop_requested()) {
    // Whatever is wrong with one turn, the next one may do.
    try {
      turn(events_.wait(time_to_wait()));
    } catch (const std::exception& bug) {
      pending_.clear();
      next_look_ = Clock::now() + options_.scan_interval;
      say_once(said_of_hooks_, fmt::format("BUG: the watch of the data folder: {}", bug.what()));
      const std::lock_guard lock(mutex_);
      looks_done_ = looks_wanted_;
      looked_.notify_all();
    }
    growing_ = still_.size();
  }
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  looked_.notify_all();
}

std::chrono::milliseconds Watch::State::time_to_wait() const {
  Clock::time_point next = std::min(next_look_, next_recount_);
  if (options_.spool != nullptr) next = std::min(next, spool_due_);
  if (const auto due = still_.next_look()) next = std::min(next, *due);
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()), std::chrono::milliseconds(0));
}

void Watch::State::turn(const std::vector<FolderEvent>& events) {
  for (const FolderEvent& event : events) {
    if (event.kind == FolderEvent::Kind::overflow) ask_for_look();
    if (event.label == kSpoolLabel) spool_due_ = Clock::time_point::min();
  }
  // Before the files are looked at: whoever sent them is known by the hooks only.
  if (options_.spool != nullptr && Clock::now() >= spool_due_) read_spool();
  heed(events);
  std::uint64_t wanted = 0;
  bool is_asked = false;
  {
    const std::lock_guard lock(mutex_);
    wanted = looks_wanted_;
    is_asked = wanted != looks_done_;
  }
  if (is_asked || Clock::now() >= next_look_) {
    look_through_all();
    next_look_ = Clock::now() + options_.scan_interval;
  }
  look_at_those_due();
  hand_over();
  growing_ = still_.size();
  if (is_asked) {
    const std::lock_guard lock(mutex_);
    looks_done_ = wanted;
    looked_.notify_all();
  }
  if (Clock::now() >= next_recount_) {
    if (options_.usage != nullptr) options_.usage->recount();
    next_recount_ = Clock::now() + options_.recount_interval;
  }
}

// --- hooks

Watch::State::Order Watch::State::order_of(const HookEvent& event) {
  HookMeaning meaning = meaning_of(event, options_.data_folder);
  const std::string path = meaning.path.generic_string();
  const fs::path whole = options_.data_folder / meaning.path;
  Order order{std::move(meaning.note), std::nullopt};
  const auto add = [&](std::string_view text) { order.note += fmt::format("{}{}", order.note.empty() ? "" : "; ", text); };
  switch (meaning.kind) {
    case HookMeaning::Kind::nothing:
      say_once(said_of_hooks_, fmt::format("hook ignored: {}", order.note));
      break;
    case HookMeaning::Kind::scan:
      ask_for_look();
      break;
    case HookMeaning::Kind::folder: {
      std::error_code code;
      if (fs::is_directory(fs::symlink_status(whole, code))) {
        met_campaign(path, model::Way::hook);
      } else {
        add("there is no such folder");
      }
      break;
    }
    case HookMeaning::Kind::file: {
      FoundFile file = classify(options_.data_folder, whole);
      const auto identity = identity_of(whole);
      if (!file.place && stays_there(file.why)) {
        add(file.problem);
        say_once(said_of_hooks_, fmt::format("hook ignored: {}: {}", path, file.problem));
      } else if (!identity) {
        add("the file is not there any more");
      } else {
        order.arrival = Ledger::Arrival{std::move(file), path, identity, sender_of(event)};
      }
      break;
    }
  }
  return order;
}

std::string Watch::State::take(const HookEvent& event) {
  Order order = order_of(event);
  if (!order.arrival) return std::move(order.note);
  const auto arrived = options_.ledger->arrive(std::span(&*order.arrival, 1));
  if (!arrived) {
    ask_for_look();
    return fmt::format("{}: cannot be put on record now, the scan finds it: {}", order.arrival->path, arrived.error().message());
  }
  if (options_.wake) options_.wake();
  return order.note.empty() ? fmt::format("{}: on record", order.arrival->path) : std::move(order.note);
}

void Watch::State::read_spool() {
  spool_due_ = Clock::now() + options_.scan_interval;
  while (!stop_.stop_requested()) {
    auto waiting = options_.spool->waiting(kSpoolBatch);
    if (!waiting) return say_once(said_of_hooks_, waiting.error().message());
    if (waiting->empty()) return;
    std::vector<Ledger::Arrival> arrivals;
    for (const Spool::Kept& kept : *waiting) {
      if (Order order = order_of(kept.event); order.arrival) arrivals.push_back(std::move(*order.arrival));
    }
    if (!arrivals.empty()) {
      // Word that could not be put on record stays until it can.
      if (const auto arrived = options_.ledger->arrive(arrivals); !arrived) return say_once(said_of_hooks_, arrived.error().message());
      if (options_.wake) options_.wake();
    }
    if (const auto removed = options_.spool->remove(*waiting); !removed) return say_once(said_of_hooks_, removed.error().message());
  }
}

// --- for all threads

void Watch::State::ask_for_look() {
  {
    const std::lock_guard lock(mutex_);
    ++looks_wanted_;
  }
  events_.interrupt();
}

void Watch::State::rescan() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++looks_wanted_;
  events_.interrupt();
  looked_.wait(lock, [&] { return looks_done_ >= mine || is_over_; });
}

void Watch::State::met_campaign(std::string_view path, model::Way way) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || path.find('/', slash + 1) != std::string_view::npos) return;
  const auto tenant = model::TenantName::parse(path.substr(0, slash));
  const auto campaign = model::CampaignName::parse(path.substr(slash + 1));
  if (!tenant || !campaign) return;
  {
    const std::lock_guard lock(mutex_);
    const auto [at, is_new] = campaigns_.try_emplace(std::string(path), Campaign{false, look_});
    at->second.look = look_;
    // What the first look finds was there before.
    const bool is_news = !at->second.is_announced && (way != model::Way::scan || (is_new && look_ > 1));
    if (!is_news) return;
    at->second.is_announced = true;
  }
  if (options_.campaign_made) options_.campaign_made(*tenant, *campaign);
}

void Watch::State::say_once(std::set<std::string>& said, std::string_view text, std::string_view cause) {
  {
    const std::lock_guard lock(mutex_);
    if (said.size() >= kMostSaid) said.clear();
    const auto [at, is_new] = said.emplace(cause.empty() ? text : cause);
    if (!is_new || (&said == &said_of_folders_ && said_before_.contains(*at))) return;
  }
  if (!options_.log) return;
  // Names of files and words of hooks: they shall not look like other lines of a log.
  std::string line(text);
  std::replace_if(line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  options_.log(line);
}

// --- the watch itself

Watch::Watch(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watch::~Watch() = default;

Result<std::unique_ptr<Watch>> Watch::start(WatchOptions options) {
  PV_CHECK(options.ledger != nullptr);
  PV_TRY([[maybe_unused]] const Folder data, Folder::open(options.data_folder));
  auto watch = std::unique_ptr<Watch>(new Watch(std::make_unique<State>(std::move(options))));
  watch->state_->begin();
  return watch;
}

void Watch::rescan() { state_->rescan(); }
std::string Watch::take(const HookEvent& event) { return state_->take(event); }
std::uint64_t Watch::growing() const { return state_->growing(); }

}  // namespace pv::ingest
