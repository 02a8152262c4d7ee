#include <memory>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/file_periods.h"
#include "ingest/audit.h"
#include "store/directory.h"

namespace pv::app {
namespace verify_command {
namespace {

enum class Output : std::uint8_t { text, json };

struct Options {
  CommonOptions common;
  std::optional<std::filesystem::path> data_folder;
  Output output = Output::text;
};

/// Whether stores know files, asked in the order in which the audit asks: company by company.
class KnownFiles {
 public:
  explicit KnownFiles(store::Directory& directory) : directory_(&directory) {}

  Result<bool> has(const std::string& tenant, const std::string& campaign, const std::string& digest) {
    if (tenant != tenant_) {
      tenant_ = tenant;
      campaigns_.clear();
    }
    auto known = campaigns_.find(campaign);
    if (known != campaigns_.end() && known->second.contains(digest)) return true;
    PV_TRY(const std::shared_ptr<model::SampleSource> source, source_of(tenant));
    if (!source) return false;
    PV_TRY(const std::uint64_t generation, source->generation());
    // `serve` may have stored it since they were listed.
    if (known != campaigns_.end() && generation == generation_) return false;
    if (generation != generation_) campaigns_.clear();
    generation_ = generation;
    PV_TRY(std::set<std::string> digests, digests_of(*source, campaign));
    return campaigns_.insert_or_assign(campaign, std::move(digests)).first->second.contains(digest);
  }

 private:
  /// Null when the company has no store.
  Result<std::shared_ptr<model::SampleSource>> source_of(const std::string& tenant) {
    PV_TRY(const model::TenantName name, model::TenantName::parse(tenant));
    auto source = directory_->open(name);
    if (!source && source.error().kind() == Errc::not_found) return std::shared_ptr<model::SampleSource>();
    return source;
  }

  static Result<std::set<std::string>> digests_of(model::SampleSource& source, const std::string& campaign) {
    std::set<std::string> digests;
    PV_TRY(const auto snapshot, source.snapshot(1));
    PV_TRY(const model::CampaignName name, model::CampaignName::parse(campaign));
    const auto found = snapshot->campaign(name);
    if (!found && found.error().kind() == Errc::not_found) return digests;
    if (!found) return fail(found.error());
    constexpr std::size_t kAll = std::size_t{1} << 62U;
    PV_TRY(const std::vector<model::StoredFile> files, snapshot->files(found->id, kAll));
    for (const model::StoredFile& file : files) digests.insert(file.digest_hex);
    return digests;
  }

  store::Directory* directory_;
  std::string tenant_;
  std::uint64_t generation_ = 0;
  std::map<std::string, std::set<std::string>> campaigns_;  // of tenant_, at generation_
};

struct Outcome {
  std::size_t stores = 0;
  std::vector<std::string> damage;
  bool has_ledger = false;
  std::vector<ingest::AuditFinding> differences;

  [[nodiscard]] bool is_well() const noexcept { return damage.empty() && differences.empty(); }
};

Result<void> read_stores(store::Directory& directory, Outcome& outcome) {
  PV_TRY(const std::vector<model::TenantName> tenants, directory.tenants());
  outcome.stores = tenants.size();
  for (const model::TenantName& tenant : tenants) {
    auto reader = store::Reader::open(directory.file_of(tenant));
    auto found = reader ? (*reader)->verify() : Result<std::vector<std::string>>(fail(reader.error()));
    if (!found) {
      outcome.damage.push_back(found.error().message());
    } else {
      outcome.damage.insert(outcome.damage.end(), found->begin(), found->end());
    }
  }
  return {};
}

Result<void> compare(store::Directory& directory, const Settings& settings, Outcome& outcome) {
  auto ledger = ingest::Ledger::open(settings.state_dir, ingest::Ledger::Access::read_only);
  // No file was handed in yet: there is nothing to compare.
  if (!ledger && ledger.error().kind() == Errc::not_found) return {};
  if (!ledger) return fail(std::move(ledger).error());
  outcome.has_ledger = true;
  KnownFiles known(directory);
  ingest::AuditOptions audit;
  audit.data_folder = settings.data_folder;
  std::unique_ptr<FilePeriods> periods;
  if (settings.embedded_store == Switch::off) {
    PV_TRY(periods, FilePeriods::open(settings.state_dir));
  }
  audit.is_stored = [&known, &periods](const std::string& tenant, const std::string& campaign, const std::string& digest) {
    return periods ? periods->has(tenant, campaign, digest) : known.has(tenant, campaign, digest);
  };
  PV_TRY(outcome.differences, ingest::audit(**ledger, audit));
  return {};
}

void print_json(const Outcome& outcome) {
  nlohmann::ordered_json json = {{"stores", outcome.stores}, {"damage", outcome.damage}, {"ledger", outcome.has_ledger}, {"differences", nlohmann::ordered_json::array()}};
  for (const ingest::AuditFinding& found : outcome.differences) {
    json["differences"].push_back({{"kind", to_string(found.kind)}, {"path", found.path}, {"message", found.message}});
  }
  json["well"] = outcome.is_well();
  print(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void print_text(const Outcome& outcome, const Settings& settings) {
  const auto count = [](std::size_t findings) { return findings == 0 ? std::string("all well") : fmt::format("{} findings", findings); };
  for (const std::string& line : outcome.damage) fmt::print("{}\n", shown(line));
  fmt::print("{} stores checked in {}: {}\n", outcome.stores, settings.state_dir.string(), count(outcome.damage.size()));
  for (const ingest::AuditFinding& found : outcome.differences) {
    fmt::print("{:<20}  {}: {}\n", to_string(found.kind), found.path.empty() ? settings.data_folder.string() : shown(found.path), shown(found.message));
  }
  if (outcome.has_ledger) {
    fmt::print("ledger, stores and {} compared: {}\n", settings.data_folder.string(), count(outcome.differences.size()));
  } else {
    fmt::print("there is no ledger yet: files were not compared\n");
  }
}

ExitCode run_verify(const Options& options) {
  auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  if (options.data_folder) settings->data_folder = *options.data_folder;
  store::Directory directory(settings->state_dir);
  Outcome outcome;
  if (const auto read = read_stores(directory, outcome); !read) return report(read.error());
  if (const auto compared = compare(directory, *settings, outcome); !compared) return report(compared.error());
  if (outcome.stores == 0 && !outcome.has_ledger) {
    return report({Errc::not_found, fmt::format("there is no store and no ledger in {}; check --state-dir", settings->state_dir.string())});
  }
  if (options.output == Output::json) {
    print_json(outcome);
  } else {
    print_text(outcome, *settings);
  }
  return outcome.is_well() ? ExitCode::done : ExitCode::some_failed;
}

}  // namespace
}  // namespace verify_command

void add_verify(const Command& app, Chosen& chosen) {
  using namespace verify_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("verify", "Read every block of every store, compare ledger, stores and data folder, and tell what is wrong");
  add_common_options(command, options->common);
  command.add_option("-d,--data-folder", options->data_folder, "Folder of <company>/<campaign>/<device>/<file>.tsv (setting data_folder)").type_name("DIR");
  command.add_flag_callback("--json", [options] { options->output = Output::json; }, "Print JSON");
  command.callback([options, &chosen] { chosen = [options] { return run_verify(*options); }; });
}

}  // namespace pv::app
