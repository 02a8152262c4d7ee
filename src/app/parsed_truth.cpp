#include "app/parsed_truth.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "app/command.h"
#include "app/file_periods.h"
#include "app/filed_files.h"
#include "app/scratch_store.h"
#include "ingest/file_reading.h"
#include "store/reader.h"

namespace pv::app {
namespace {

namespace fs = std::filesystem;

/// Files of one transaction.
constexpr std::size_t kMostFiles = 200;

class ParsedSource final : public model::SampleSource {
 public:
  ParsedSource(ScratchStore scratch, std::shared_ptr<store::Reader> reader) : scratch_(std::move(scratch)), reader_(std::move(reader)) {}
  Result<std::uint64_t> generation() override { return reader_->generation(); }
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override { return reader_->snapshot(workers); }

 private:
  ScratchStore scratch_;
  std::shared_ptr<store::Reader> reader_;  // first to go
};

/// Names of the folders in a folder, sorted.
std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, code)) {
    if (entry.is_directory(code) && !entry.is_symlink(code)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Parsed {
  const Settings& settings;
  FiledFiles& filed;
  ScratchStore& scratch;
  FilePeriods* periods;  // null with an embedded store

  Result<void> take(const ingest::Place& place);
};

Result<void> Parsed::take(const ingest::Place& place) {
  const fs::path folder = settings.data_folder / place.tenant.str() / place.campaign.str() / place.device.str() / ingest::kParsedFolder;
  std::vector<fs::path> files;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, code)) {
    if (entry.is_regular_file(code) && entry.path().extension() == ".tsv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (std::size_t from = 0; from < files.size(); from += kMostFiles) {
    std::vector<ingest::FileReading> readings;
    for (std::size_t i = from; i < std::min(files.size(), from + kMostFiles); ++i) {
      ingest::FileReading reading = filed.read(place, files[i]);
      if (reading.readiness == ingest::Readiness::ready) {
        readings.push_back(std::move(reading));
      } else {
        fmt::print(stderr, "{}: left out: {}\n", shown(files[i].string()), shown(reading.message));
      }
    }
    std::vector<model::Delivery> deliveries;
    for (const ingest::FileReading& reading : readings) deliveries.push_back(delivery_of(reading));
    if (deliveries.empty()) continue;
    PV_TRY_VOID(scratch.writer().write(deliveries));
    if (periods != nullptr) PV_TRY_VOID(periods->add(place.tenant, deliveries));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<model::SampleSource>> read_parsed_files(const Settings& settings, const Zones& zones, const model::TenantName& tenant,
                                                               const std::optional<model::CampaignName>& campaign) {
  PV_TRY(ScratchStore scratch, ScratchStore::open(settings.state_dir / "passing" / fmt::format("parsed-{}", ::getpid()), tenant));
  std::unique_ptr<FilePeriods> periods;
  if (settings.embedded_store == Switch::off) {
    PV_TRY(periods, FilePeriods::open(settings.state_dir));
  }
  FiledFiles filed(settings, zones);
  Parsed parsed{settings, filed, scratch, periods.get()};
  const fs::path root = settings.data_folder / tenant.str();
  for (const std::string& campaign_folder : folders_in(root)) {
    const auto campaign_name = model::CampaignName::parse(campaign_folder);
    if (!campaign_name || (campaign && *campaign_name != *campaign)) continue;
    for (const std::string& device_folder : folders_in(root / campaign_folder)) {
      const auto device = model::DeviceName::parse(device_folder);
      if (device) PV_TRY_VOID(parsed.take({tenant, *campaign_name, *device}));
    }
  }
  PV_TRY(auto reader, store::Reader::open(scratch.path()));
  return std::shared_ptr<model::SampleSource>(std::make_shared<ParsedSource>(std::move(scratch), std::move(reader)));
}

}  // namespace pv::app
