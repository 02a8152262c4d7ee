#include "victoria/mirror.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "victoria/comparison.h"
#include "victoria/labels.h"
#include "victoria/set_aside.h"

namespace pv::victoria {
namespace {

using namespace std::chrono_literals;

constexpr auto kSecondLook = 2s;  // a busy VictoriaMetrics may show what it took a little later

void refuse(model::MirrorOutcome& outcome, model::RefusedPoint point, std::string_view reason) {
  ++outcome.refused_total;
  if (outcome.refused.size() >= model::kMostRefused) return;
  point.reason = reason;
  outcome.refused.push_back(std::move(point));
}

}  // namespace

/// One call of put().
struct Mirror::Put {
  struct Sent {
    ComparedLogger logger;
    model::Period period;
  };
  Mirror& mirror;
  Server& server;
  Comparison comparison;
  model::MirrorOutcome outcome;
  std::vector<Sent> sent;  // not looked at yet
  std::int64_t oldest_there_s = std::numeric_limits<std::int64_t>::max();
  bool changed = false;
  std::int64_t changed_since_s = kAllTime.to_s;

  Put(Mirror& mirror_, model::SampleSnapshot& truth)
      : mirror(mirror_), server(*mirror_.server_),
        comparison(*mirror_.server_, mirror_.tenant_, mirror_.style_, mirror_.beyond_, truth, unix_now_ms() / 1000) {}

  SetAside aside(const model::CampaignName& campaign, const std::string& sn) { return {server, mirror.tenant_, mirror.style_, campaign, sn}; }

  Result<Findings> compare(const ComparedLogger& logger, model::Period period, Missing missing) {
    PV_TRY(Findings found, comparison.compare(logger, period, missing));
    oldest_there_s = std::min(oldest_there_s, found.oldest_there_s);
    if (missing == Missing::send && found.missing > 0) note_change(period.from_s);
    return found;
  }

  void note_change(std::int64_t since_s) {
    changed = true;
    changed_since_s = std::min(changed_since_s, since_s);
  }

  Result<void> bring(ComparedLogger logger, model::Period period, bool was_interrupted) {
    PV_TRY(const Findings found, compare(logger, period, Missing::send));
    outcome.points += found.missing;
    if (!found.differing.empty()) return rewrite(logger, period, found.differing);
    if (was_interrupted) return end_rewriting(logger, period);
    if (found.missing > 0) sent.push_back({std::move(logger), period});
    return {};
  }

  /// What was sent is there, or never will be.
  Result<void> look_at_sent() {
    for (const Sent& one : sent) {
      PV_TRY_VOID(mirror.heed_stop());
      PV_TRY(const Findings after, confirm(one.logger, one.period));
      if (!after.differing.empty()) PV_TRY_VOID(rewrite(one.logger, one.period, after.differing));
    }
    return {};
  }

  Result<void> rewrite(const ComparedLogger& logger, model::Period period, const std::set<std::size_t>& differing) {
    note_change(kAllTime.from_s);
    // Nothing should be aside by now; but a crash of VictoriaMetrics may undo a deletion, and an old copy must not be given back.
    SetAside copy = aside(logger.campaign, logger.sn);
    PV_TRY_VOID(copy.drop());
    const std::string head = note_head(mirror.tenant_, logger.campaign, logger.sn, "rewriting");
    PV_TRY_VOID(server.write(mirror.tenant_, fmt::format("{}1 {}\n", head, unix_now_ms() / 1000), Server::Precision::seconds));
    PV_TRY_VOID(server.persist());  // the note must outlive a crash between deleting and writing
    std::vector<SetAside::Part> parts;
    for (const std::size_t c : differing) parts.push_back(c < logger.channels.size() ? SetAside::Part(logger.channels[c].channel) : std::nullopt);
    PV_TRY_VOID(copy.take(parts));
    for (const std::size_t channel : differing) PV_TRY_VOID(server.delete_series(comparison.selector(logger, channel)));
    const model::Period deleted = mirror.beyond_ == Beyond::keep ? period : kAllTime;
    PV_TRY(const Findings found, compare(logger, deleted, Missing::send));
    outcome.points += found.missing;
    return end_rewriting(logger, deleted);
  }

  Result<void> end_rewriting(const ComparedLogger& logger, model::Period period) {
    PV_TRY_VOID(server.settle());
    if (mirror.beyond_ == Beyond::keep) PV_TRY_VOID(aside(logger.campaign, logger.sn).give_back());
    PV_TRY_VOID(server.persist());
    PV_TRY(const Findings after, confirm(logger, period));
    for (const std::size_t channel : after.differing) {
      const std::string field = channel < logger.channels.size() ? logger.channels[channel].field : std::string(kRestartMetric);
      refuse(outcome, {logger.campaign.str(), logger.sn, field, 0, ""},
             "written anew, the series still reads differently: somebody else writes it, or its numbers have more digits than VictoriaMetrics keeps");
    }
    return forget(logger.campaign, logger.sn);
  }

  /// Ends the rewriting of a logger that an earlier put has left undone, whatever its truth was.
  Result<void> take_up(const LoggerKey& key) {
    const auto campaign = model::CampaignName::parse(key.first);
    if (!campaign) return {};  // nobody's note
    note_change(kAllTime.from_s);
    PV_TRY_VOID(aside(*campaign, key.second).give_back());
    return forget(*campaign, key.second);
  }

  Result<void> forget(const model::CampaignName& campaign, const std::string& sn) {
    PV_TRY_VOID(aside(campaign, sn).drop());
    Selector selector(mirror.tenant_);
    selector.equals("__name__", kRewritingMetric).equals("campaign", campaign.str()).equals("device_master_sn", sn);
    return server.delete_series(selector.text());
  }

  /// After persist(): what is seen is on disk.
  Result<Findings> confirm(const ComparedLogger& logger, model::Period period) {
    PV_TRY(Findings after, look_twice(logger, period));
    if (after.missing == 0 || !after.differing.empty()) return after;
    PV_TRY_VOID(doubt(after));
    // All of them gone with a restart would look the same as all of them outside the retention.
    PV_TRY_VOID(compare(logger, period, Missing::send).map([](const Findings&) {}));
    PV_TRY_VOID(server.persist());
    PV_TRY(after, look_twice(logger, period));
    PV_TRY_VOID(doubt(after));
    refuse_missing(after);
    return after;
  }

  Result<Findings> look_twice(const ComparedLogger& logger, model::Period period) {
    PV_TRY(Findings after, compare(logger, period, Missing::report));
    if (after.missing == 0) return after;
    std::this_thread::sleep_for(kSecondLook);
    return compare(logger, period, Missing::report);
  }

  /// Retention is a day at least, and holds what is younger than what it holds.
  Result<void> doubt(const Findings& after) const {
    if (after.missing == 0 || (after.latest_missing_s < oldest_there_s && after.latest_missing_s < unix_now_ms() / 1000 - kDay_s)) return {};
    return fail(Errc::unavailable, fmt::format("VictoriaMetrics took {} samples and does not show them: it is busy, or has lost them in a restart", after.missing));
  }

  void refuse_missing(const Findings& after) {
    if (after.missing == 0) return;
    const std::int64_t now_s = unix_now_ms() / 1000;
    for (const model::RefusedPoint& point : after.points) {
      refuse(outcome, point,
             point.time_s > now_s ? "taken and not kept: VictoriaMetrics keeps nothing more than two days ahead"
                                  : "taken and not kept: older than -retentionPeriod of VictoriaMetrics, which is one month unless set");
    }
    outcome.refused_total += after.missing - after.points.size();
    outcome.points -= std::min(outcome.points, after.missing);
  }
};

Mirror::Mirror(std::unique_ptr<Server> server, model::TenantName tenant, const MirrorOptions& options)
    : server_(std::move(server)), tenant_(std::move(tenant)), style_(options.style), beyond_(options.beyond), is_stopped_(options.is_stopped) {}
Mirror::~Mirror() = default;

Result<std::unique_ptr<Mirror>> Mirror::open(const MirrorOptions& options, const model::TenantName& tenant) {
  Options reached = options.server;
  reached.is_stopped = options.is_stopped;
  PV_TRY(auto server, Server::open(reached));
  return std::unique_ptr<Mirror>(new Mirror(std::move(server), tenant, options));
}

std::int64_t Mirror::not_before_s() const { return server_->not_before_s(); }

Result<void> Mirror::heed_stop() const {
  if (is_stopped_ && is_stopped_()) return fail(Errc::unavailable, "sending to VictoriaMetrics was stopped");
  return {};
}

Result<std::set<Mirror::LoggerKey>> Mirror::unfinished() {
  Selector selector(tenant_);
  selector.equals("__name__", kRewritingMetric);
  std::set<LoggerKey> keys;
  PV_TRY_VOID(server_->export_series(selector.text(), kAllTime, [&keys](const ExportedRun& run) -> Result<void> {
    keys.emplace(label(run.labels, "campaign"), label(run.labels, "device_master_sn"));
    return {};
  }));
  return keys;
}

Result<void> Mirror::conclude(std::int64_t since_s) {
  generation_ms_ = std::max(generation_ms_ + 1, unix_now_ms());
  const std::string lines = fmt::format("{}{} {}\n{}{} {}\n", note_head(tenant_, "changed"), since_s, generation_ms_, note_head(tenant_, "generation"),
                                        generation_ms_, generation_ms_);
  PV_TRY_VOID(server_->write(tenant_, lines, Server::Precision::milliseconds));
  // Who crashed meanwhile has lost this sample, the youngest, too.
  PV_TRY_VOID(server_->persist());
  bool is_there = false;
  Selector selector(tenant_);
  selector.equals("__name__", kGenerationMetric);
  const model::Period its_second{generation_ms_ / 1000, generation_ms_ / 1000 + 1};
  PV_TRY_VOID(server_->export_series(selector.text(), its_second, [&](const ExportedRun& run) -> Result<void> {
    is_there = is_there || !run.values.empty();
    return {};
  }));
  if (!is_there) return fail(Errc::unavailable, "VictoriaMetrics lost what it had taken: it was restarted, or its -retentionPeriod is not a day");
  return {};
}

Result<model::MirrorOutcome> Mirror::put(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) {
  Put put(*this, truth);
  const std::uint64_t requests_before = server_->requests();
  const bool was_open = std::exchange(must_conclude_, true);  // an error below leaves it so
  server_->expect_writes_of_others();
  PV_TRY_VOID(server_->settle());
  PV_TRY(std::set<LoggerKey> interrupted, unfinished());
  if (beyond_ == Beyond::keep) {
    for (const LoggerKey& key : std::exchange(interrupted, {})) PV_TRY_VOID(put.take_up(key));
  }
  std::map<std::string, std::vector<model::ChannelSummary>> channels;  // by campaign
  std::set<LoggerKey> whole_done;
  for (const model::Stretch& stretch : stretches) {
    PV_TRY_VOID(heed_stop());
    const LoggerKey key(stretch.campaign.str(), stretch.logger_sn);
    if (whole_done.contains(key)) continue;
    PV_TRY(const std::optional<model::LoggerOfCampaign> found, truth.logger(stretch.campaign, stretch.logger_sn));
    if (!found) continue;
    auto of_campaign = channels.find(key.first);
    if (of_campaign == channels.end()) {
      channels.clear();  // stretches of a campaign mostly stand together
      PV_TRY(auto all, truth.channels(found->campaign));
      of_campaign = channels.emplace(key.first, std::move(all)).first;
    }
    ComparedLogger logger{stretch.campaign, found->campaign, found->logger.id, stretch.logger_sn, {}};
    for (const model::ChannelSummary& channel : of_campaign->second) {
      if (channel.logger == logger.id) logger.channels.push_back(channel);
    }
    const bool was_interrupted = interrupted.contains(key);
    const bool whole = beyond_ == Beyond::erase && (stretch.change == model::Change::changed || was_interrupted);
    const model::Period period = whole ? kAllTime : model::Period{std::max<std::int64_t>(0, stretch.period.from_s), stretch.period.to_s};
    PV_TRY_VOID(server_->settle());
    PV_TRY_VOID(put.bring(std::move(logger), period, was_interrupted));
    if (whole) whole_done.insert(key);
  }
  if (put.changed || was_open) PV_TRY_VOID(conclude(was_open ? kAllTime.from_s : put.changed_since_s));
  put.changed = false;
  PV_TRY_VOID(put.look_at_sent());
  if (put.changed) PV_TRY_VOID(conclude(put.changed_since_s));
  must_conclude_ = false;
  put.outcome.requests = server_->requests() - requests_before;
  return std::move(put.outcome);
}

}  // namespace pv::victoria
