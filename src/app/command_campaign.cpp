#include <memory>

#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"
#include "ingest/outbox.h"
#include "store/directory.h"
#include "store/writer.h"

namespace pv::app {
namespace campaign_command {
namespace {

struct Options {
  CommonOptions common;
  std::string tenant;
  std::string campaign;
  Consent consent = Consent::ask;
};

ExitCode run_erase(const Options& options) {
  const auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  auto tenant = model::TenantName::parse(options.tenant);
  if (!tenant) return report(tenant.error());
  auto campaign = model::CampaignName::parse(options.campaign);
  if (!campaign) return report(campaign.error());
  const store::Directory directory(settings->state_dir);
  std::error_code code;
  if (!std::filesystem::exists(directory.file_of(*tenant), code)) {
    return report({Errc::not_found, fmt::format("there is no company '{}' in {}", options.tenant, settings->state_dir.string())});
  }
  const auto consent = ask(fmt::format("This erases all samples of campaign '{}' of '{}'; the logger files stay.", options.campaign, options.tenant),
                           options.consent);
  if (!consent) return report(consent.error());
  auto writer = store::Writer::open(directory.file_of(*tenant));
  if (!writer) return report(writer.error());
  if (auto erased = (*writer)->erase_campaign(*campaign); !erased) return report(erased.error());
  if (ingest::Outbox::open(settings->state_dir, {}, ingest::Outbox::Access::read_only)) {
    // What is on its way to a copy has nothing to be read from any more.
    const auto outbox = ingest::Outbox::open(settings->state_dir, {});
    if (!outbox) return report(outbox.error());
    if (auto forgotten = (*outbox)->forget(*tenant, *campaign); !forgotten) return report(forgotten.error());
  }
  fmt::print("campaign '{}' of '{}' erased; its logger files are untouched\n", options.campaign, options.tenant);
  return ExitCode::done;
}

}  // namespace
}  // namespace campaign_command

void add_campaign(const Command& app, Chosen& chosen) {
  using namespace campaign_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("campaign", "Campaigns as a whole");
  command.require_subcommand();
  Command erase = command.add_subcommand("erase", "Remove a campaign's samples from the store and give the space back");
  add_common_options(erase, options->common);
  erase.add_option("--tenant", options->tenant, "Company").required();
  erase.add_option("--campaign", options->campaign, "Campaign").required();
  erase.add_flag_callback("--yes", [options] { options->consent = Consent::given; }, "Do it without asking");
  erase.callback([options, &chosen] { chosen = [options] { return run_erase(*options); }; });
}

}  // namespace pv::app
