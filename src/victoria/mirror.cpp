#include "victoria/mirror.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "victoria/comparison.h"
#include "victoria/labels.h"

namespace pv::victoria {
namespace {

using namespace std::chrono_literals;

constexpr auto kSecondLook = 2s;  // a busy VictoriaMetrics may show what it took a little later

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void refuse(model::MirrorOutcome& outcome, model::RefusedPoint point, std::string_view reason) {
  ++outcome.refused_total;
  if (outcome.refused.size() >= model::kMostRefused) return;
  point.reason = reason;
  outcome.refused.push_back(std::move(point));
}

}  // namespace

/// One call of put().
struct Mirror::Put {
  Mirror& mirror;
  Server& server;
  Comparison comparison;
  model::MirrorOutcome outcome;
  bool changed = false;

  Put(Mirror& mirror_, model::SampleSnapshot& truth)
      : mirror(mirror_), server(*mirror_.server_), comparison(*mirror_.server_, mirror_.tenant_, mirror_.style_, truth, now_ms() / 1000) {}

  Result<void> bring(const ComparedLogger& logger, model::Period period, bool was_interrupted) {
    PV_TRY(Findings found, comparison.compare(logger, period, Missing::send));
    outcome.points += found.missing;
    if (found.missing > 0) {
      changed = true;
      PV_TRY_VOID(server.settle());
      PV_TRY(Findings after, look_twice(logger, period));
      found.differing.merge(after.differing);
      if (found.differing.empty()) PV_TRY_VOID(refuse_missing(after));
    }
    if (!found.differing.empty()) return rewrite(logger, found.differing);
    return was_interrupted ? forget_note(logger) : Result<void>();
  }

  Result<void> rewrite(const ComparedLogger& logger, const std::set<std::size_t>& differing) {
    changed = true;
    const std::string head = note_head(mirror.tenant_, logger.campaign, logger.sn, "rewriting");
    PV_TRY_VOID(server.write(mirror.tenant_, fmt::format("{}1 {}\n", head, now_ms() / 1000), Server::Precision::seconds));
    PV_TRY_VOID(server.persist());  // the note must outlive a crash between deleting and writing
    for (const std::size_t channel : differing) PV_TRY_VOID(server.delete_series(comparison.selector(logger, channel)));
    PV_TRY(const Findings sent, comparison.compare(logger, kAllTime, Missing::send));
    outcome.points += sent.missing;
    PV_TRY_VOID(server.settle());
    PV_TRY(const Findings after, look_twice(logger, kAllTime));
    PV_TRY_VOID(refuse_missing(after));
    for (const std::size_t channel : after.differing) {
      const std::string field = channel < logger.channels.size() ? logger.channels[channel].field : std::string(kRestartMetric);
      refuse(outcome, {logger.campaign.str(), logger.sn, field, 0, ""},
             "written anew, the series still reads differently: somebody else writes it, or its numbers have more digits than VictoriaMetrics keeps");
    }
    return forget_note(logger);
  }

  Result<Findings> look_twice(const ComparedLogger& logger, model::Period period) {
    PV_TRY(Findings after, comparison.compare(logger, period, Missing::report));
    if (after.missing == 0) return after;
    std::this_thread::sleep_for(kSecondLook);
    return comparison.compare(logger, period, Missing::report);
  }

  /// Retention is a day at least, so a recent sample that does not show is on its way or lost, and is brought again.
  Result<void> refuse_missing(const Findings& after) {
    if (after.missing == 0) return {};
    const std::int64_t now_s = now_ms() / 1000;
    if (after.fresh_missing > 0) {
      return fail(Errc::unavailable, fmt::format("VictoriaMetrics took {} samples and does not show them yet", after.fresh_missing));
    }
    for (const model::RefusedPoint& point : after.points) {
      refuse(outcome, point,
             point.time_s > now_s ? "taken and not kept: VictoriaMetrics keeps nothing more than two days ahead"
                                  : "taken and not kept: older than -retentionPeriod of VictoriaMetrics, which is one month unless set");
    }
    outcome.refused_total += after.missing - after.points.size();
    outcome.points -= std::min(outcome.points, after.missing);
    return {};
  }

  Result<void> forget_note(const ComparedLogger& logger) {
    PV_TRY_VOID(server.persist());
    Selector selector(mirror.tenant_);
    selector.equals("__name__", kRewritingMetric).equals("campaign", logger.campaign.str()).equals("device_master_sn", logger.sn);
    return server.delete_series(selector.text());
  }
};

Mirror::Mirror(std::unique_ptr<Server> server, model::TenantName tenant, model::ChannelIdStyle style)
    : server_(std::move(server)), tenant_(std::move(tenant)), style_(style) {}
Mirror::~Mirror() = default;

Result<std::unique_ptr<Mirror>> Mirror::open(const MirrorOptions& options, const model::TenantName& tenant) {
  PV_TRY(auto server, Server::open(options.server));
  return std::unique_ptr<Mirror>(new Mirror(std::move(server), tenant, options.style));
}

std::int64_t Mirror::not_before_s() const { return server_->not_before_s(); }

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

Result<void> Mirror::conclude() {
  generation_ms_ = std::max(generation_ms_ + 1, now_ms());
  const std::string line = fmt::format("{}{} {}\n", note_head(tenant_, "generation"), generation_ms_, generation_ms_);
  PV_TRY_VOID(server_->write(tenant_, line, Server::Precision::milliseconds));
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
  PV_TRY_VOID(server_->settle());
  PV_TRY(const std::set<LoggerKey> interrupted, unfinished());
  std::map<std::string, std::vector<model::ChannelSummary>> channels;  // by campaign
  std::set<LoggerKey> whole_done;
  for (const model::Stretch& stretch : stretches) {
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
    const bool whole = stretch.change == model::Change::changed || was_interrupted;
    const model::Period period = whole ? kAllTime : model::Period{std::max<std::int64_t>(0, stretch.period.from_s), stretch.period.to_s};
    PV_TRY_VOID(server_->settle());
    PV_TRY_VOID(put.bring(logger, period, was_interrupted));
    if (whole) whole_done.insert(key);
  }
  if (put.changed || was_open) PV_TRY_VOID(conclude());
  must_conclude_ = false;
  put.outcome.requests = server_->requests() - requests_before;
  return std::move(put.outcome);
}

}  // namespace pv::victoria
