#include "app/parsed_truth.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "app/command.h"
#include "app/filed_files.h"
#include "app/scratch_store.h"
#include "app/sources.h"
#include "base/digest.h"
#include "ingest/file_reading.h"
#include "store/reader.h"

namespace pv::app {
namespace {

namespace fs = std::filesystem;

/// Files of one transaction.
constexpr std::size_t kMostFiles = 200;

/// Tells by a number that files were taken in: that of the embedded store, or of what has been passed on.
using Elsewhere = std::function<Result<std::int64_t>()>;

/// `periods`: null with an embedded store.
Result<Elsewhere> elsewhere_of(const Settings& settings, const std::shared_ptr<FilePeriods>& periods, const model::TenantName& tenant) {
  if (periods) return Elsewhere([periods, tenant] { return periods->changes(tenant); });
  PV_TRY(const std::shared_ptr<model::SourceDirectory> sources, open_sources(settings));
  return Elsewhere([sources, tenant]() -> Result<std::int64_t> {
    const auto source = sources->open(tenant);
    if (!source && source.error().kind() == Errc::not_found) return 0;
    if (!source) return fail(source.error());
    PV_TRY(const std::uint64_t generation, (*source)->generation());
    return static_cast<std::int64_t>(generation);
  });
}

/// A folder of this program's own for a company; those of programs that were killed are cleared away.
class OwnFolder {
 public:
  static OwnFolder in(const fs::path& passing, const model::TenantName& tenant) {
    std::error_code code;
    for (fs::directory_iterator at(passing, code); !code && at != fs::directory_iterator(); at.increment(code)) {
      const std::string name = at->path().filename().string();
      if (!name.starts_with(kPrefix)) continue;
      const int pid = std::atoi(name.c_str() + kPrefix.size());
      std::error_code ignored;
      if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) fs::remove_all(at->path(), ignored);
    }
    return OwnFolder(passing / fmt::format("{}{}-{}", kPrefix, ::getpid(), tenant.str()));
  }
  OwnFolder(OwnFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  OwnFolder& operator=(OwnFolder&&) = delete;
  ~OwnFolder() {
    std::error_code code;
    if (!path_.empty()) fs::remove(path_, code);
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  static constexpr std::string_view kPrefix = "parsed-";
  explicit OwnFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

class ParsedSource final : public model::SampleSource {
 public:
  ParsedSource(OwnFolder folder, ScratchStore scratch, std::shared_ptr<store::Reader> reader, Elsewhere elsewhere, std::int64_t at)
      : folder_(std::move(folder)), scratch_(std::move(scratch)), reader_(std::move(reader)), elsewhere_(std::move(elsewhere)), at_(at) {}
  Result<std::uint64_t> generation() override { return reader_->generation(); }
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override {
    PV_TRY(const std::int64_t now, elsewhere_());
    if (now != at_) return fail(Errc::conflict, "files were taken in since those in parsed/ were read: run the command again");
    return reader_->snapshot(workers);
  }

 private:
  OwnFolder folder_;
  ScratchStore scratch_;                   // before the folder
  std::shared_ptr<store::Reader> reader_;  // before the store that it reads
  Elsewhere elsewhere_;
  std::int64_t at_;
};

struct Parsed {
  const Settings& settings;
  FiledFiles& filed;
  ScratchStore& scratch;
  FilePeriods* periods;  // null with an embedded store
  std::uint64_t left_out = 0, left_for_now = 0;
  FilePeriods::Digests read = {};  // without an embedded store

  void leave_out(const fs::path& path, std::string_view why);
  /// Folders, sorted. A link to one is left out, also one that leads nowhere just now.
  std::vector<fs::path> folders_in(const fs::path& folder);
  /// Those that `wanted` says so of, sorted.
  template <class Wanted>
  std::vector<fs::path> entries_in(const fs::path& folder, Wanted wanted);

  Result<void> take(const ingest::Place& place);
};

void Parsed::leave_out(const fs::path& path, std::string_view why) {
  ++left_out;
  fmt::print(stderr, "{}: left out: {}\n", shown(path.string()), shown(why));
}

template <class Wanted>
std::vector<fs::path> Parsed::entries_in(const fs::path& folder, Wanted wanted) {
  std::vector<fs::path> paths;
  std::error_code code;
  fs::directory_iterator at(folder, code);
  for (; !code && at != fs::directory_iterator(); at.increment(code)) {
    if (wanted(*at)) paths.push_back(at->path());
  }
  if (code && code != std::errc::no_such_file_or_directory) {
    leave_out(folder, code.message());
    ++left_for_now;
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code code;
  return entry.is_directory(code) && !entry.is_symlink(code);
}

bool is_link_to_folder(const fs::directory_entry& entry) {
  std::error_code code;
  return entry.is_symlink(code) && !entry.is_regular_file(code);
}

bool is_filed(const fs::directory_entry& entry) {
  std::error_code code;
  return entry.is_regular_file(code) && entry.path().extension() == ".tsv";
}

std::vector<fs::path> Parsed::folders_in(const fs::path& folder) {
  for (const fs::path& link : entries_in(folder, is_link_to_folder)) leave_out(link, "a link to a folder is not followed; put the folder itself there");
  return entries_in(folder, is_folder);
}

Result<void> Parsed::take(const ingest::Place& place) {
  const fs::path folder = settings.data_folder / place.tenant.str() / place.campaign.str() / place.device.str() / ingest::kParsedFolder;
  const std::vector<fs::path> files = entries_in(folder, is_filed);
  for (std::size_t from = 0; from < files.size(); from += kMostFiles) {
    std::vector<ingest::FileReading> readings;
    for (std::size_t i = from; i < std::min(files.size(), from + kMostFiles); ++i) {
      ingest::FileReading reading = filed.read(place, files[i]);
      if (reading.readiness == ingest::Readiness::ready) {
        readings.push_back(std::move(reading));
      } else {
        leave_out(files[i], reading.message);
        if (reading.readiness == ingest::Readiness::deferred) ++left_for_now;
      }
    }
    std::vector<model::Delivery> deliveries;
    for (const ingest::FileReading& reading : readings) deliveries.push_back(delivery_of(reading));
    if (deliveries.empty()) continue;
    PV_TRY_VOID(scratch.writer().write(deliveries));
    if (periods == nullptr) continue;
    PV_TRY_VOID(periods->add(place.tenant, deliveries));
    for (const model::Delivery& delivery : deliveries) read.emplace(place.campaign.str(), to_hex(delivery.origin->digest));
  }
  return {};
}

}  // namespace

std::optional<std::string> ParsedTruth::lacks(std::optional<model::Period> period) const {
  std::uint64_t lacking = 0;
  std::string first;
  for (const FilePeriods::Passed& one : gone) {
    if (period && (one.period.to_s <= period->from_s || period->to_s <= one.period.from_s)) continue;
    if (++lacking == 1) first = fmt::format("{}/{}/{}", one.campaign, one.file.device_folder, one.file.name);
  }
  std::string words;
  if (left_out > 0) words = fmt::format("{} files or folders cannot be read", left_out);
  if (lacking > 0) words += fmt::format("{}{} files that were sent are not in parsed/ any more ({})", left_out > 0 ? ", and " : "", lacking, shown(first));
  if (words.empty()) return std::nullopt;
  return words;
}

Result<ParsedTruth> read_parsed(const Settings& settings, const Zones& zones, const model::TenantName& tenant, const std::optional<model::CampaignName>& campaign) {
  OwnFolder folder = OwnFolder::in(settings.state_dir / "passing", tenant);
  PV_TRY(ScratchStore scratch, ScratchStore::open(folder.path(), tenant));
  std::shared_ptr<FilePeriods> periods;
  if (settings.embedded_store == Switch::off) {
    PV_TRY(periods, FilePeriods::open(settings.state_dir));
  }
  PV_TRY(const Elsewhere elsewhere, elsewhere_of(settings, periods, tenant));
  PV_TRY(const std::int64_t at, elsewhere());
  FiledFiles filed(settings, zones);
  Parsed parsed{settings, filed, scratch, periods.get()};
  const fs::path company_folder = settings.data_folder / tenant.str();
  std::error_code code;
  if (!fs::is_directory(company_folder, code)) parsed.leave_out(company_folder, "there is no such folder: is its disk there, and data_folder right?");
  for (const fs::path& campaign_folder : parsed.folders_in(company_folder)) {
    const auto campaign_name = model::CampaignName::parse(campaign_folder.filename().string());
    if (!campaign_name || (campaign && *campaign_name != *campaign)) continue;
    for (const fs::path& device_folder : parsed.folders_in(campaign_folder)) {
      const auto device = model::DeviceName::parse(device_folder.filename().string());
      if (device) PV_TRY_VOID(parsed.take({tenant, *campaign_name, *device}));
    }
  }
  PV_TRY(auto reader, store::Reader::open(scratch.path()));
  ParsedTruth truth{std::make_shared<ParsedSource>(std::move(folder), std::move(scratch), std::move(reader), elsewhere, at), parsed.left_out, parsed.left_for_now};
  if (periods) {
    PV_TRY(truth.gone, periods->beside(tenant, parsed.read));
    if (campaign) std::erase_if(truth.gone, [&](const FilePeriods::Passed& one) { return one.campaign != campaign->str(); });
  }
  return truth;
}

Result<std::shared_ptr<model::SampleSource>> read_parsed_files(const Settings& settings, const Zones& zones, const model::TenantName& tenant,
                                                               const std::optional<model::CampaignName>& campaign) {
  PV_TRY(ParsedTruth truth, read_parsed(settings, zones, tenant, campaign));
  return std::move(truth.source);
}

}  // namespace pv::app
