/// Curves, energy and exports: what the query room computes, written for the client.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "api/campaign_call.h"
#include "api/json_text.h"
#include "api/parameters.h"
#include "query/buckets.h"
#include "query/energy.h"
#include "query/export.h"
#include "query/gaps.h"
#include "query/resample.h"

namespace pv::api {
namespace {

constexpr std::int64_t kMostPoints = 20'000;
constexpr std::size_t kMostCells = 1'000'000;  // channels x points: some 80 MB while the answer is made
constexpr std::size_t kMostMarks = 2'000;      // events and gaps
constexpr std::string_view kBinaryType = "application/vnd.powerview.columns";
static_assert(std::endian::native == std::endian::little, "the binary form is written as memory has it");

enum class BodyForm : std::uint8_t { json, binary };

Result<BodyForm> form_param(const Request& request) {
  const auto format = text_param(request, "format");
  if (format == "json") return BodyForm::json;
  if (format == "binary") return BodyForm::binary;
  if (format) return fail(Errc::invalid_input, "parameter format: must be json or binary");
  return request.accept.find(kBinaryType) != std::string::npos ? BodyForm::binary : BodyForm::json;
}

Result<void> check_size(std::size_t channels, std::size_t buckets) {
  if (channels * buckets <= kMostCells) return {};
  return fail(Errc::invalid_input,
              fmt::format("parameter channels: {} channels with {} buckets are more than {} values; ask for fewer channels "
                          "or fewer and longer buckets", channels, buckets, kMostCells));
}

std::vector<model::LoggerSummary> loggers_of(const model::CampaignSummary& campaign,
                                             std::span<const model::ChannelSummary> channels) {
  std::set<model::LoggerId> wanted;
  for (const model::ChannelSummary& channel : channels) wanted.insert(channel.logger);
  std::vector<model::LoggerSummary> loggers;
  for (const model::LoggerSummary& logger : campaign.loggers) {
    if (wanted.contains(logger.id)) loggers.push_back(logger);
  }
  return loggers;
}

void write_summary(const query::Curves& curves, std::span<const model::ChannelSummary> channels, JsonText& json) {
  json.key("summary");
  json.begin_array();
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const query::Figures& figures = curves.summary[c];
    json.begin_object();
    json.member("field", std::string_view(channels[c].field));
    json.member("unit", std::string_view(channels[c].channel.unit));
    json.member("count", figures.count);
    json.member("min", figures.min);
    json.member("max", figures.max);
    json.member("mean", figures.mean);
    json.member("energy_wh", figures.energy_wh);
    json.member("coverage", figures.coverage);
    json.end_object();
  }
  json.end_array();
  json.member("coverage", curves.coverage);
}

/// Events and gaps of the loggers whose channels are shown.
Result<void> write_marks(CampaignCall& call, model::Period period, std::span<const model::ChannelSummary> channels,
                         JsonText& json) {
  const std::vector<model::LoggerSummary> loggers = loggers_of(call.campaign, channels);
  std::set<model::LoggerId> shown;
  for (const model::LoggerSummary& logger : loggers) shown.insert(logger.id);
  PV_TRY(const std::vector<model::LoggerEvent> events, call.snapshot->events(call.campaign.id, period));
  PV_TRY(const query::Gaps gaps, query::find_gaps(*call.snapshot, call.campaign, loggers, period, call.expected_steps, kMostMarks));
  json.key("events");
  json.begin_array();
  std::size_t count = 0;
  for (const model::LoggerEvent& event : events) {
    if (!shown.contains(event.logger) || ++count > kMostMarks) continue;
    json.begin_object();
    json.member("t", event.event.time_s);
    json.member("logger", serial_of(call.campaign, event.logger));
    json.member("kind", "restart");
    json.end_object();
  }
  json.end_array();
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
  json.member("events_truncated", count > kMostMarks);
  json.member("gaps_truncated", gaps.truncated);
  return {};
}

void write_channels(const query::Curves& curves, std::span<const model::ChannelSummary> channels, BodyForm form,
                    JsonText& json) {
  const bool raw = curves.mode == query::CurveMode::raw;
  if (form == BodyForm::json) {
    json.key("times");
    json.values(std::span<const std::int64_t>(curves.times_s));
  } else {
    json.member("points", std::uint64_t{curves.times_s.size()});
  }
  json.key("channels");
  json.begin_array();
  for (std::size_t c = 0; c < channels.size(); ++c) {
    json.begin_object();
    json.member("field", std::string_view(channels[c].field));
    json.member("unit", std::string_view(channels[c].channel.unit));
    const query::Curve& curve = curves.curves[c];
    if (form == BodyForm::binary) {
      json.key("arrays");
      json.begin_array();
      if (!raw) {
        json.value("min");
        json.value("max");
      }
      json.value("mean");
      json.end_array();
    } else {
      if (!raw) {
        json.key("min");
        json.values(curve.min);
        json.key("max");
        json.values(curve.max);
      }
      json.key("mean");
      json.values(curve.mean);
    }
    json.end_object();
  }
  json.end_array();
}

void append_bytes(const void* bytes, std::size_t size, std::string& out) { out.append(static_cast<const char*>(bytes), size); }

void append_floats(const std::vector<double>& values, std::string& out) {
  for (const double value : values) {
    const auto narrow = static_cast<float>(value);
    append_bytes(&narrow, sizeof narrow, out);
  }
}

/// "PVQ1", length of the header, the header, zeros up to a multiple of 8, then times and arrays.
std::string binary_body(const std::string& header, const query::Curves& curves) {
  std::string body = "PVQ1";
  const std::size_t points = curves.times_s.size();
  body.reserve(16 + header.size() + points * 8 + curves.curves.size() * points * 12);
  const auto length = static_cast<std::uint32_t>(header.size());
  append_bytes(&length, sizeof length, body);
  body += header;
  body.resize((body.size() + 7) / 8 * 8, '\0');
  for (const std::int64_t time : curves.times_s) {
    const auto real = static_cast<double>(time);
    append_bytes(&real, sizeof real, body);
  }
  for (const query::Curve& curve : curves.curves) {
    append_floats(curve.min, body);
    append_floats(curve.max, body);
    append_floats(curve.mean, body);
  }
  return body;
}

/// A name that any client may write to disk: letters, digits, '-' and '_' of the campaign's name, the rest as '_'.
std::string safe_file_name(const model::CampaignSummary& campaign, std::string_view extension) {
  std::string name = "powerview-";
  for (const char c : campaign.name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    name += plain ? c : '_';
  }
  return name.append(extension);
}

}  // namespace

Result<Reply> query_curves(CampaignCall& call) {
  PV_TRY_VOID(check_known(call.request, {"from", "to", "points", "step", "channels", "format"}));
  PV_TRY(const BodyForm form, form_param(call.request));
  PV_TRY(const auto points, int_param(call.request, "points", 1, kMostPoints));
  PV_TRY(const auto step, int_param(call.request, "step", 1, 1'000'000'000));
  PV_TRY(const model::Period period, period_param(call.request, "to", whole_period(call.campaign)));
  PV_TRY(const std::vector<model::ChannelSummary> all, call.snapshot->channels(call.campaign.id));
  PV_TRY(const std::vector<model::ChannelSummary> channels, channels_param(call.request, all));

  query::ResampleOptions options;
  if (points) options.points = static_cast<std::size_t>(*points);
  if (step) {
    options.step_s = *step;
    const std::int64_t buckets = (period.to_s - period.from_s) / *step + 1;
    if (buckets > kMostPoints) {
      return fail(Errc::invalid_input, fmt::format("parameter step: {} s give {} buckets, more than {}", *step, buckets, kMostPoints));
    }
    PV_TRY_VOID(check_size(channels.size(), static_cast<std::size_t>(buckets)));
  } else {
    PV_TRY_VOID(check_size(channels.size(), options.points));
  }
  const query::Scope scope{*call.snapshot, call.campaign, channels, call.workers};
  PV_TRY(const query::Curves curves, query::resample(scope, period, call.zone, options));

  JsonText json;
  json.begin_object();
  json.member("from", period.from_s);
  json.member("to", period.to_s);
  json.member("generation", call.snapshot->generation());
  json.member("zone", std::string_view(call.zone.name()));
  json.member("mode", curves.mode == query::CurveMode::raw ? "raw" : "buckets");
  json.member("step_s", curves.step_s);
  write_channels(curves, channels, form, json);
  write_summary(curves, channels, json);
  PV_TRY_VOID(write_marks(call, period, channels, json));
  json.end_object();

  Reply reply;
  reply.body = std::move(json).take();
  if (form == BodyForm::binary) {
    reply.content_type = kBinaryType;
    reply.body = binary_body(reply.body, curves);
  }
  return reply;
}

Result<Reply> query_energy(CampaignCall& call) {
  PV_TRY_VOID(check_known(call.request, {"from", "to", "bucket", "channels"}));
  const auto unit = query::parse_calendar(text_param(call.request, "bucket").value_or("day"));
  if (!unit) return fail(Errc::invalid_input, "parameter bucket: must be hour, day, week or month");
  PV_TRY(const model::Period period, period_param(call.request, "to", whole_period(call.campaign)));
  PV_TRY(const std::vector<model::ChannelSummary> all, call.snapshot->channels(call.campaign.id));
  PV_TRY(const std::vector<model::ChannelSummary> channels, channels_param(call.request, all));
  PV_TRY(const query::Edges edges, query::calendar_edges(period, call.zone, *unit));
  PV_TRY_VOID(check_size(channels.size(), edges.size() - 1));
  const query::Scope scope{*call.snapshot, call.campaign, channels, call.workers};
  PV_TRY(const std::vector<query::ChannelEnergy> energies, query::energy(scope, edges));

  JsonText json;
  json.begin_object();
  json.member("zone", std::string_view(call.zone.name()));
  json.member("generation", call.snapshot->generation());
  json.key("buckets");
  json.begin_array();
  for (std::size_t i = 1; i < edges.size(); ++i) {
    json.begin_object();
    json.member("from", edges[i - 1]);
    json.member("to", edges[i]);
    json.end_object();
  }
  json.end_array();
  json.key("channels");
  json.begin_array();
  for (std::size_t c = 0; c < channels.size(); ++c) {
    json.begin_object();
    json.member("field", std::string_view(channels[c].field));
    json.key("energy_wh");
    if (energies[c].energy_wh.empty()) {  // no power: as many nulls as there are buckets
      json.values(std::vector<double>(edges.size() - 1, std::numeric_limits<double>::quiet_NaN()));
    } else {
      json.values(energies[c].energy_wh);
    }
    json.key("coverage");
    json.values(energies[c].coverage);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  Reply reply;
  reply.body = std::move(json).take();
  return reply;
}

Result<Reply> export_samples(CampaignCall&& call) {
  PV_TRY_VOID(check_known(call.request, {"to", "from", "to_time", "channels"}));
  const auto form = query::parse_text_form(text_param(call.request, "to").value_or(""));
  if (!form) return fail(Errc::invalid_input, "parameter to: must be csv, samples or line-protocol");
  PV_TRY(const model::Period period, period_param(call.request, "to_time", whole_period(call.campaign)));
  PV_TRY(const std::vector<model::ChannelSummary> all, call.snapshot->channels(call.campaign.id));
  PV_TRY(std::vector<model::ChannelSummary> channels, channels_param(call.request, all));

  struct Export {
    std::shared_ptr<model::SampleSource> source;
    std::unique_ptr<model::SampleSnapshot> snapshot;
    model::CampaignSummary campaign;
    std::vector<model::ChannelSummary> channels;
    query::RowWriterOptions options;
    std::function<void(const Error&)> log_error;
  };
  auto work = std::make_shared<Export>();
  const std::string file_name = safe_file_name(call.campaign, query::file_extension(*form));
  *work = {std::move(call.source), std::move(call.snapshot), std::move(call.campaign), std::move(channels), {},
           std::move(call.log_error)};
  work->options.form = *form;
  if (*form == query::TextForm::csv) work->options.zone = call.zone;

  Reply reply;
  reply.content_type = query::content_type(*form);
  reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + file_name + "\"");
  reply.stream = [work, period](const Writer& write, const Alive& alive) {
    bool whole = true;
    const auto sink = [&](std::string_view piece) { return whole = alive() && write(piece); };
    const auto done = query::export_text({*work->snapshot, work->campaign, work->channels, 1}, period, work->options, sink);
    if (!done) work->log_error(done.error());
    return done && whole;
  };
  return reply;
}

}  // namespace pv::api
