#include "app/question.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/access.h"
#include "app/sources.h"
#include "app/zones.h"

namespace pv::app {
namespace {

/// '*' stands for any text.
bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (text.substr(0, star) != pattern.substr(0, star)) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= text.size(); ++at) {
    if (matches(rest, text.substr(at))) return true;
  }
  return false;
}

Result<std::vector<model::ChannelSummary>> choose(std::vector<model::ChannelSummary> all, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return all;
  std::vector<bool> chosen(all.size(), false);
  for (const std::string& pattern : patterns) {
    if (std::count(pattern.begin(), pattern.end(), '*') > 4) return fail(Errc::invalid_input, fmt::format("--channels: '{}' has more than four '*'", pattern));
    bool any = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool hit = matches(pattern, all[i].field) || matches(pattern, model::channel_id(all[i].channel, model::ChannelIdStyle::device_first)) ||
                       matches(pattern, all[i].channel.name);
      chosen[i] = chosen[i] || hit;
      any = any || hit;
    }
    if (!any) {
      std::string known;
      for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 5); ++i) known += (i == 0 ? "" : ", ") + all[i].field;
      return fail(Errc::not_found, fmt::format("--channels: the campaign has no channel '{}'; it has {}{}", pattern, known, all.size() > 5 ? ", …" : ""));
    }
  }
  std::vector<model::ChannelSummary> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (chosen[i]) kept.push_back(std::move(all[i]));
  }
  return kept;
}

}  // namespace

void add_question_options(const Command& command, QuestionOptions& options) {
  add_common_options(command, options.common);
  command.add_option("--tenant", options.tenant, "Company").required();
  command.add_option("--campaign", options.campaign, "Campaign").required();
  command.add_option("--channels", options.channels, "Channels: fields, ids or titles, '*' for any text (default: all)").delimiter(',');
  command.add_option("--from", options.from, "Begin: 2025-08-03, 2025-08-03T03:20:00Z or Unix seconds (default: the first row)").type_name("TIME");
  command.add_option("--to-time", options.to, "End, not included (default: after the last row)").type_name("TIME");
}

Result<Question> open_question(const QuestionOptions& options) {
  Question question;
  PV_TRY(question.settings, settings_for(options.common));
  PV_TRY(const auto tenant, model::TenantName::parse(options.tenant));
  PV_TRY(const auto campaign, model::CampaignName::parse(options.campaign));
  const auto registry = existing_registry(question.settings);
  question.zone = Zones(question.settings, registry.get()).zone_of(tenant, campaign);
  PV_TRY(const auto sources, open_sources(question.settings));
  PV_TRY(question.source, sources->open(tenant));
  PV_TRY(question.snapshot, question.source->snapshot(question.settings.threads));
  PV_TRY(question.campaign, question.snapshot->campaign(campaign));
  PV_TRY(auto channels, question.snapshot->channels(question.campaign.id));
  PV_TRY(question.channels, choose(std::move(channels), options.channels));
  question.period = query::whole_period(question.campaign).value_or(model::Period{});
  if (options.from) {
    PV_TRY(question.period.from_s, parse_instant(*options.from, question.zone, "--from"));
  }
  if (options.to) {
    PV_TRY(question.period.to_s, parse_instant(*options.to, question.zone, "--to-time"));
  }
  if ((options.from || options.to) && question.period.empty()) return fail(Errc::invalid_input, "--from must lie before --to-time");
  return question;
}

}  // namespace pv::app
