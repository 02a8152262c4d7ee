#include "api/sample_routes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "api/pages.h"

namespace pv::api {
namespace {

constexpr const char* kCaching = "private, no-cache";
constexpr const char* kVary = "Accept, Accept-Encoding, Cookie, Authorization";

/// FNV-1a, 64 bits: tells requests apart, guards nothing.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  return hash;
}

/// Those of the settings that a campaign's replies depend on.
std::string settings_mark(const model::Zone& zone, const model::ExpectedSteps& steps) {
  std::string mark = fmt::format("{} {}", zone.name(), steps.of_campaign.value_or(0));
  for (const auto& [device, step_s] : steps.of_device) mark += fmt::format("\n{} {}", device, step_s);
  return mark;
}

/// Weak: the same figures, perhaps compressed differently. Changes with the samples, the question, the settings, the
/// program, and whoever asks: replies are not shared.
std::string etag_of(std::uint64_t generation, const Call& call, std::string_view settings) {
  const std::string question = fmt::format("{}\n{}\n{}\n{}\n{}", call.request.target, call.request.accept, settings, call.options.version,
                                           call.actor().name);
  return fmt::format("W/\"{:x}-{:016x}\"", generation, hash_of(question));
}

Reply not_modified(const std::string& etag) {
  Reply reply;
  reply.status = 304;
  reply.headers = {{"ETag", etag}, {"Cache-Control", kCaching}, {"Vary", kVary}};
  return reply;
}

Result<Reply> campaign_route(RouteId id, CampaignCall&& call) {
  switch (id) {
    case RouteId::campaign: return show_campaign(call);
    case RouteId::query: return query_curves(call);
    case RouteId::energy: return query_energy(call);
    case RouteId::events: return list_events(call);
    case RouteId::gaps: return list_gaps(call);
    case RouteId::files: return list_files(call);
    case RouteId::conflicts: return list_conflicts(call);
    case RouteId::export_text: return export_samples(std::move(call));
    default: break;  // no route about one campaign
  }
  return fail(Errc::not_found, "there is no such route");
}

std::ptrdiff_t scans_at_once(unsigned query_workers) { return std::max<std::ptrdiff_t>(4, 2 * std::ptrdiff_t{query_workers}); }

/// Waits for a place, and gives it back when it goes.
class ScanPlace {
 public:
  explicit ScanPlace(std::counting_semaphore<>* places) : places_(places) {
    if (places_ != nullptr) places_->acquire();
  }
  ~ScanPlace() {
    if (places_ != nullptr) places_->release();
  }
  ScanPlace(const ScanPlace&) = delete;
  ScanPlace& operator=(const ScanPlace&) = delete;

 private:
  std::counting_semaphore<>* places_;
};

}  // namespace

SampleRoutes::SampleRoutes(model::SourceDirectory& sources, const ServerOptions& options)
    : sources_(sources), options_(options), scans_(scans_at_once(options.query_workers)),
      extra_threads_(std::max(options.query_workers, 1U) - 1) {}

Result<Reply> SampleRoutes::answer(RouteId id, Call& call, std::function<void(const Error&)> log_error) {
  const Request& request = call.request;
  const model::TenantName& tenant = call.tenant();
  std::optional<model::CampaignName> campaign;
  if (id != RouteId::campaigns) {
    PV_TRY(campaign, model::CampaignName::parse(call.segments.at(1)));
  }
  auto opened = sources_.open(tenant);
  if (!opened && opened.error().kind() == Errc::not_found) {  // a company that has sent nothing yet
    if (campaign) return fail(Errc::not_found, fmt::format("there is no campaign '{}'", campaign->str()));
    return json_reply(R"({"campaigns":[]})");
  }
  PV_TRY(std::shared_ptr<model::SampleSource> source, std::move(opened));
  PV_TRY(const std::uint64_t generation, source->generation());
  const auto zone_of = [&](const model::CampaignName& name) {
    return options_.zone_of ? options_.zone_of(tenant, name) : model::Zone::utc();
  };
  // The list of campaigns names a zone each; its generation alone does not tell when a setting changed them.
  const bool cached = campaign.has_value();
  const model::Zone zone = campaign ? zone_of(*campaign) : model::Zone::utc();
  model::ExpectedSteps steps;
  if (campaign && options_.expected_steps_of) steps = options_.expected_steps_of(tenant, *campaign);
  const std::string etag = etag_of(generation, call, settings_mark(zone, steps));
  if (cached && etag_matches(request.if_none_match, etag)) return not_modified(etag);

  const bool scans = id == RouteId::query || id == RouteId::energy;
  const ScanPlace place(scans ? &scans_ : nullptr);
  const ThreadAllowance::Share extra = extra_threads_.take(scans ? std::max(options_.query_workers, 1U) - 1 : 0);
  const unsigned workers = 1 + extra.threads();
  PV_TRY(std::unique_ptr<model::SampleSnapshot> snapshot, source->snapshot(workers));
  Reply reply;
  if (!campaign) {
    PV_TRY(reply, list_campaigns(request, *snapshot, [&](const model::CampaignSummary& one) {
             const auto name = model::CampaignName::parse(one.name);
             return name ? zone_of(*name) : model::Zone::utc();
           }));
  } else {
    PV_TRY(model::CampaignSummary summary, snapshot->campaign(*campaign));
    PV_TRY(reply, campaign_route(id, {request, std::move(source), std::move(snapshot), tenant, std::move(summary), zone, std::move(steps), workers,
                                      std::move(log_error)}));
  }
  if (cached) reply.headers.emplace_back("ETag", etag);
  reply.headers.emplace_back("Cache-Control", kCaching);
  reply.headers.emplace_back("Vary", kVary);
  return reply;
}

}  // namespace pv::api
