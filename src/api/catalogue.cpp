/// What is stored: campaigns, loggers, channels, files, conflicts, events, gaps.
#include <algorithm>
#include <limits>
#include <map>

#include "api/campaign_call.h"
#include "api/json_text.h"
#include "api/parameters.h"
#include "query/gaps.h"
#include "query/scope.h"

namespace pv::api {
namespace {

constexpr std::size_t kMostListed = 2'000;

void write_loggers(const model::CampaignSummary& campaign, JsonText& json) {
  json.key("loggers");
  json.begin_array();
  for (const model::LoggerSummary& logger : campaign.loggers) {
    json.begin_object();
    json.member("sn", std::string_view(logger.sn));
    json.member("from", logger.period ? std::optional(logger.period->from_s) : std::nullopt);
    json.member("to", logger.period ? std::optional(logger.period->to_s) : std::nullopt);
    json.member("step_s", logger.step_s);
    json.member("rows", logger.rows);
    json.member("samples", logger.samples);
    json.member("channels", std::uint64_t{logger.channels});
    json.key("last_file");
    if (logger.last_file.name.empty()) {
      json.null();
    } else {
      json.begin_object();
      json.member("name", std::string_view(logger.last_file.name));
      json.member("stored_at", logger.last_file.stored_at_s);
      json.end_object();
    }
    json.end_object();
  }
  json.end_array();
}

/// The members of a Campaign, without its braces.
void write_campaign(const model::CampaignSummary& campaign, const model::Zone& zone, JsonText& json) {
  std::uint64_t samples = 0, rows = 0, channels = 0;
  for (const model::LoggerSummary& logger : campaign.loggers) {
    samples += logger.samples;
    rows += logger.rows;
    channels += logger.channels;
  }
  const std::optional<model::Period> whole = query::whole_period(campaign);
  json.member("name", std::string_view(campaign.name));
  json.member("zone", std::string_view(zone.name()));
  json.member("from", whole ? std::optional(whole->from_s) : std::nullopt);
  json.member("to", whole ? std::optional(whole->to_s) : std::nullopt);
  json.member("samples", samples);
  json.member("rows", rows);
  json.member("files", campaign.files);
  json.member("conflicts", campaign.conflicts);
  json.member("channels", channels);
  write_loggers(campaign, json);
}

Result<std::size_t> limit_param(const Request& request) {
  PV_TRY(const auto limit, int_param(request, "limit", 1, static_cast<std::int64_t>(kMostListed)));
  return static_cast<std::size_t>(limit.value_or(200));
}

Reply reply_of(JsonText&& json) {
  Reply reply;
  reply.body = std::move(json).take();
  return reply;
}

/// Looks up what is stored where a conflict is, one block after the other.
class KeptValues {
 public:
  explicit KeptValues(CampaignCall& call) : call_(call) {}

  Result<double> at(const model::ChannelSummary& channel, std::int64_t time_s) {
    PV_TRY(const std::vector<model::BlockRef> refs, call_.snapshot->blocks(channel.logger, {time_s, time_s + 1}));
    for (const model::BlockRef& ref : refs) {
      if (!block_ || block_->handle != ref.handle || block_->logger != ref.logger || channel_ != channel.id) {
        PV_TRY_VOID(call_.snapshot->read(0, ref, std::span(&channel.id, 1), rows_));
        block_ = ref;
        channel_ = channel.id;
      }
      const auto row = std::lower_bound(rows_.time_s.begin(), rows_.time_s.end(), time_s);
      if (row == rows_.time_s.end() || *row != time_s) continue;
      return rows_.columns[0].value(static_cast<std::size_t>(row - rows_.time_s.begin()));
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  CampaignCall& call_;
  std::optional<model::BlockRef> block_;
  model::ChannelId channel_;
  model::SampleBlock rows_;
};

}  // namespace

model::Period whole_period(const model::CampaignSummary& campaign) {
  return query::whole_period(campaign).value_or(model::Period{0, 1});
}

std::string_view serial_of(const model::CampaignSummary& campaign, model::LoggerId logger) {
  for (const model::LoggerSummary& one : campaign.loggers) {
    if (one.id == logger) return one.sn;
  }
  return {};
}

Result<Reply> list_campaigns(const Request& request, model::SampleSnapshot& snapshot,
                             const std::function<model::Zone(const model::CampaignSummary&)>& zone_of) {
  PV_TRY_VOID(check_known(request, {}));
  PV_TRY(const std::vector<model::CampaignSummary> campaigns, snapshot.campaigns());
  JsonText json;
  json.begin_object();
  json.key("campaigns");
  json.begin_array();
  for (const model::CampaignSummary& campaign : campaigns) {
    json.begin_object();
    write_campaign(campaign, zone_of(campaign), json);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return reply_of(std::move(json));
}

Result<Reply> show_campaign(CampaignCall& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const std::vector<model::ChannelSummary> channels, call.snapshot->channels(call.campaign.id));
  JsonText json;
  json.begin_object();
  write_campaign(call.campaign, call.zone, json);
  json.member("generation", call.snapshot->generation());
  json.key("channel_list");
  json.begin_array();
  for (const model::ChannelSummary& one : channels) {
    const model::Channel& channel = one.channel;
    json.begin_object();
    json.member("field", std::string_view(one.field));
    json.member("channel_id", std::string_view(model::channel_id(channel, model::ChannelIdStyle::device_first)));
    json.member("logger", serial_of(call.campaign, one.logger));
    json.member("device_sn", std::string_view(channel.device_sn));
    json.member("label", std::string_view(channel.label));
    json.member("name", std::string_view(channel.name));
    json.member("unit", std::string_view(channel.unit));
    json.member("device_type", model::to_string(channel.type));
    json.member("device_subtype", model::to_string(channel.subtype));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return reply_of(std::move(json));
}

Result<Reply> list_events(CampaignCall& call) {
  PV_TRY_VOID(check_known(call.request, {"from", "to"}));
  // A logger says that it starts before it measures, so the whole of the events reaches beyond the rows.
  model::Period whole = whole_period(call.campaign);
  whole = {whole.from_s - 86'400, whole.to_s + 86'400};
  PV_TRY(const model::Period period, period_param(call.request, "to", whole));
  PV_TRY(const std::vector<model::LoggerEvent> events, call.snapshot->events(call.campaign.id, period));
  JsonText json;
  json.begin_object();
  json.member("from", period.from_s);
  json.member("to", period.to_s);
  json.key("events");
  json.begin_array();
  for (std::size_t i = 0; i < std::min(events.size(), kMostListed); ++i) {
    json.begin_object();
    json.member("t", events[i].event.time_s);
    json.member("logger", serial_of(call.campaign, events[i].logger));
    json.member("kind", "restart");
    json.end_object();
  }
  json.end_array();
  json.member("events_truncated", events.size() > kMostListed);
  json.end_object();
  return reply_of(std::move(json));
}

Result<Reply> list_gaps(CampaignCall& call) {
  PV_TRY_VOID(check_known(call.request, {"from", "to"}));
  PV_TRY(const model::Period period, period_param(call.request, "to", whole_period(call.campaign)));
  PV_TRY(const query::Gaps gaps,
         query::find_gaps(*call.snapshot, call.campaign, call.campaign.loggers, period, call.expected_steps, kMostListed));
  JsonText json;
  json.begin_object();
  json.member("from", period.from_s);
  json.member("to", period.to_s);
  json.key("gaps");
  json.begin_array();
  for (const query::Gap& gap : gaps.gaps) {
    json.begin_object();
    json.member("logger", serial_of(call.campaign, gap.logger));
    json.member("from", gap.period.from_s);
    json.member("to", gap.period.to_s);
    json.end_object();
  }
  json.end_array();
  json.member("gaps_truncated", gaps.truncated);
  json.end_object();
  return reply_of(std::move(json));
}

Result<Reply> list_files(CampaignCall& call) {
  PV_TRY_VOID(check_known(call.request, {"limit"}));
  PV_TRY(const std::size_t limit, limit_param(call.request));
  PV_TRY(const std::vector<model::StoredFile> files, call.snapshot->files(call.campaign.id, limit));
  JsonText json;
  json.begin_object();
  json.key("files");
  json.begin_array();
  for (const model::StoredFile& file : files) {
    json.begin_object();
    json.member("name", std::string_view(file.name));
    json.member("device_folder", std::string_view(file.device_folder));
    json.member("size", file.size);
    json.member("digest", std::string_view(file.digest_hex));
    json.member("zone", std::string_view(file.zone));
    json.member("stored_at", file.stored_at_s);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return reply_of(std::move(json));
}

Result<Reply> list_conflicts(CampaignCall& call) {
  PV_TRY_VOID(check_known(call.request, {"from", "to", "limit"}));
  PV_TRY(const std::size_t limit, limit_param(call.request));
  PV_TRY(const model::Period period, period_param(call.request, "to", whole_period(call.campaign)));
  PV_TRY(const std::vector<model::ChannelSummary> channels, call.snapshot->channels(call.campaign.id));
  std::map<model::ChannelId, const model::ChannelSummary*> by_id;
  for (const model::ChannelSummary& channel : channels) by_id.emplace(channel.id, &channel);
  PV_TRY(const std::vector<model::Conflict> conflicts, call.snapshot->conflicts(call.campaign.id, period, limit));
  KeptValues kept(call);
  JsonText json;
  json.begin_object();
  json.key("conflicts");
  json.begin_array();
  for (const model::Conflict& conflict : conflicts) {
    const auto channel = by_id.find(conflict.channel);
    if (channel == by_id.end()) return fail(Errc::corrupt, "a conflict names a channel that the campaign does not have");
    PV_TRY(const double stored, kept.at(*channel->second, conflict.time_s));
    json.begin_object();
    json.member("field", std::string_view(channel->second->field));
    json.member("t", conflict.time_s);
    json.member("value", conflict.value);
    json.member("kept", stored);
    json.member("file", std::string_view(conflict.file_name));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return reply_of(std::move(json));
}

}  // namespace pv::api
