#include "fleet/fleet.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "model/names.h"

namespace pv::fleet {
namespace {

namespace fs = std::filesystem;

struct Kept {
  std::string company, campaign, device, name, bytes;
};

struct Fleet {
  std::vector<Kept> files;
  FleetSummary summary;
};

Fleet make(const FleetOptions& options) {
  Fleet fleet;
  const auto summary = for_each_file(options, [&](const FleetFile& file) -> Result<void> {
    fleet.files.push_back({std::string(file.company), std::string(file.campaign), std::string(file.device),
                           std::string(file.name), std::string(file.bytes)});
    return {};
  });
  EXPECT_TRUE(summary) << summary.error().message();
  if (summary) fleet.summary = *summary;
  return fleet;
}

std::uint64_t digest(const Fleet& fleet) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const Kept& file : fleet.files) {
    for (const std::string* text : {&file.company, &file.campaign, &file.device, &file.name, &file.bytes}) {
      for (const char c : *text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    }
  }
  return hash;
}

FleetOptions clean() {
  FleetOptions options;
  options.quirks = Quirks::none();
  return options;
}

FleetOptions small() {
  FleetOptions options;
  options.channels = 12;
  options.days = 30;
  return options;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// A logger file taken apart the plain way.
struct Table {
  bool is_wrapped = false;
  bool has_end = false;
  std::vector<std::string> serials, titles;
  std::vector<std::vector<std::string>> rows;  // stamp first; lines with a line end only
  std::string tail;                            // what follows the last line end
};

Table read(const Kept& file) {
  Table table;
  std::vector<std::string> lines = split(file.bytes, '\n');
  table.tail = lines.back();
  lines.pop_back();
  std::size_t at = 0;
  if (!lines.empty() && lines[0] == "START_HEADER") {
    table.is_wrapped = true;
    EXPECT_EQ(lines.at(2), "END_HEADER");
    EXPECT_EQ(lines.at(3), "START_DATA");
    at = 4;
    if (lines.back() == "END_DATA") {
      table.has_end = true;
      lines.pop_back();
    }
  }
  if (lines.size() < at + 2) return table;
  table.serials = split(lines[at], '\t');
  table.titles = split(lines[at + 1], '\t');
  for (at += 2; at < lines.size(); ++at) table.rows.push_back(split(lines[at], '\t'));
  return table;
}

std::int64_t seconds_of(const std::string& stamp) {
  const auto two = [&](std::size_t at) { return std::stoi(stamp.substr(at, 2)); };
  const std::chrono::sys_days day = std::chrono::year{2000 + two(6)} / std::chrono::month{static_cast<unsigned>(two(3))} /
                                    std::chrono::day{static_cast<unsigned>(two(0))};
  return std::int64_t{day.time_since_epoch().count()} * 86'400 + two(9) * 3600 + two(12) * 60 + two(15);
}

bool is_restart(const std::vector<std::string>& row) {
  return std::all_of(row.begin() + 1, row.end(), [](const std::string& field) { return field == "0"; });
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "fleet-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(Fleet, SameOptionsGiveTheSameBytesOnEveryMachine) {
  const std::uint64_t first = digest(make(small()));
  EXPECT_EQ(first, digest(make(small())));
  EXPECT_EQ(first, 13'804'060'877'710'629'974U) << "different bytes: a change of the curves, or a compiler that computes otherwise";
}

TEST(Fleet, AnotherSeedGivesOtherBytesOfTheSameLoggers) {
  FleetOptions options = small();
  const Fleet one = make(options);
  options.seed = 2;
  const Fleet two = make(options);
  EXPECT_NE(digest(one), digest(two));
  EXPECT_EQ(one.files[0].device, two.files[0].device);
}

TEST(Fleet, ACleanFleetHoldsEveryRowOnce) {
  const Fleet fleet = make(clean());
  constexpr std::uint64_t kRows = (60 * 24 + 1) * 6;  // the clock is set back once
  EXPECT_EQ(fleet.summary.loggers, 8U);
  EXPECT_EQ(fleet.summary.files, 8U * 60);
  EXPECT_EQ(fleet.summary.rows_written, 8 * kRows);
  EXPECT_EQ(fleet.summary.samples, 8 * kRows * 30);
  EXPECT_EQ(fleet.summary.restart_rows + fleet.summary.clock_unset_rows + fleet.summary.cut_files + fleet.summary.empty_files, 0U);
}

TEST(Fleet, YearlyFilesHoldWhatDailyOnesDo) {
  FleetOptions options = clean();
  options.days = 400;
  options.companies = 1;
  options.channels = 6;
  const Fleet daily = make(options);
  options.layout = Layout::yearly;
  const Fleet yearly = make(options);
  EXPECT_EQ(yearly.summary.files, 4U * 2);
  EXPECT_EQ(yearly.summary.samples, daily.summary.samples);
  EXPECT_EQ(read(yearly.files[0]).rows[200], read(daily.files[1]).rows[200 - 144]);
}

TEST(Fleet, EveryCleanFileReadsAsTheFormatSays) {
  for (const Kept& file : make(clean()).files) {
    SCOPED_TRACE(file.device + "/" + file.name);
    const Table table = read(file);
    EXPECT_EQ(table.tail, "");
    EXPECT_EQ(table.is_wrapped, table.has_end);
    EXPECT_EQ(table.is_wrapped, file.name.ends_with("_UTC.tsv"));
    ASSERT_EQ(table.serials.size(), 31U);
    ASSERT_EQ(table.titles.size(), 31U);
    EXPECT_EQ(table.serials[0], file.device);
    EXPECT_EQ(table.serials[1], file.device);
    EXPECT_EQ(table.titles[0], table.is_wrapped ? "MV_T302_V003" : "MV_T302_V002");
    ASSERT_FALSE(table.rows.empty());
    std::int64_t before_s = 0;
    for (const auto& row : table.rows) {
      ASSERT_EQ(row.size(), 31U);
      ASSERT_EQ(row[0].size(), 17U);
      const std::int64_t now_s = seconds_of(row[0]);
      if (before_s != 0) {
        const bool set_back = !table.is_wrapped && row[0] == "26/10/25 02:00:00" && now_s == before_s - 50 * 60;
        ASSERT_TRUE(now_s == before_s + 600 || set_back) << row[0];
      }
      before_s = now_s;
      for (std::size_t column = 1; column < row.size(); ++column) {
        const bool is_voltage = table.titles[column].ends_with(" V");
        ASSERT_EQ(row[column].size() - row[column].find('.'), is_voltage ? 3U : 2U) << row[column];
      }
    }
  }
}

TEST(Fleet, BareFilesShowTheRepeatedHourTwice) {
  std::size_t bare = 0;
  for (const Kept& file : make(clean()).files) {
    if (!file.name.starts_with("T302_251026_")) continue;
    const Table table = read(file);
    const auto shown = std::count_if(table.rows.begin(), table.rows.end(),
                                     [](const auto& row) { return row[0] == "26/10/25 02:30:00"; });
    EXPECT_EQ(shown, table.is_wrapped ? 0 : 2);  // wrapped: 02:30 UTC is in the next file
    EXPECT_EQ(table.rows.size(), 150U);
    bare += table.is_wrapped ? 0 : 1;
  }
  EXPECT_EQ(bare, 4U);
}

TEST(Fleet, ReadingsAreDistributedAsInRealFiles) {
  FleetOptions options = clean();
  options.companies = 4;
  options.days = 40;
  double cells = 0, zeros = 0, repeats = 0, negatives = 0;
  const Fleet fleet = make(options);
  for (const Kept& file : fleet.files) {
    const Table table = read(file);
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      for (std::size_t column = 1; column < table.rows[i].size(); ++column) {
        const std::string& field = table.rows[i][column];
        const bool is_zero = field == "0.0" || field == "-0.0";
        cells += 1;
        zeros += is_zero ? 1 : 0;
        repeats += i > 0 && table.rows[i - 1][column] == field ? 1 : 0;
        negatives += !is_zero && field[0] == '-' ? 1 : 0;
      }
    }
  }
  EXPECT_NEAR(zeros / cells, 0.36, 0.04);
  EXPECT_NEAR(repeats / cells, 0.54, 0.05);
  EXPECT_NEAR(negatives / cells, 0.10, 0.03);
  EXPECT_NEAR(static_cast<double>(fleet.summary.bytes) / cells, 5.7, 0.4);
}

TEST(Fleet, TheSummaryCountsWhatWholeLinesHold) {
  FleetOptions options = small();
  options.quirks.cut = 60;
  const Fleet fleet = make(options);
  std::map<std::string, std::set<std::vector<std::string>>> rows;  // by device
  std::uint64_t written = 0, restarts = 0, unset = 0, cut = 0, empty = 0;
  for (const Kept& file : fleet.files) {
    const Table table = read(file);
    cut += table.tail.empty() ? 0 : 1;
    empty += file.bytes.empty() ? 1 : 0;
    for (const auto& row : table.rows) {
      const bool is_unset = row[0].starts_with("01/01/20 ");
      written += is_unset || is_restart(row) ? 0 : 1;
      if (!rows[file.device].insert(row).second) continue;
      restarts += is_restart(row) ? 1 : 0;
      unset += is_unset ? 1 : 0;
    }
  }
  std::uint64_t distinct = 0;
  for (const auto& [device, of_device] : rows) distinct += of_device.size();
  EXPECT_EQ(fleet.summary.files, fleet.files.size());
  EXPECT_EQ(fleet.summary.rows_written, written);
  EXPECT_EQ(fleet.summary.samples, (distinct - restarts - unset) * options.channels);
  EXPECT_EQ(fleet.summary.restart_rows, restarts);
  EXPECT_EQ(fleet.summary.clock_unset_rows, unset);
  EXPECT_EQ(fleet.summary.cut_files, cut);
  EXPECT_EQ(fleet.summary.empty_files, empty);
  EXPECT_GT(restarts, 0U);
  EXPECT_GT(unset, 0U);
  EXPECT_GT(cut, 0U);
}

TEST(Fleet, AResentFileBeginsWithWhatWasCut) {
  FleetOptions options = small();
  options.quirks = Quirks::none();
  options.quirks.resent = 1000;
  const Fleet fleet = make(options);
  ASSERT_EQ(fleet.files.size(), 2U * 8 * options.days);
  for (std::size_t i = 0; i < fleet.files.size(); i += 2) {
    const Kept& cut = fleet.files[i];
    const Kept& whole = fleet.files[i + 1];
    EXPECT_LT(cut.name, whole.name);
    EXPECT_TRUE(whole.bytes.starts_with(cut.bytes));
    EXPECT_LT(cut.bytes.size(), whole.bytes.size());
    EXPECT_NE(cut.bytes.back(), '\n');
  }
}

TEST(Fleet, TheRecordBeforeAnUploadIsLost) {
  FleetOptions options = clean();
  options.quirks.lost_record = true;
  const Fleet fleet = make(options);
  EXPECT_EQ(seconds_of(read(fleet.files[1]).rows.front()[0]) - seconds_of(read(fleet.files[0]).rows.back()[0]), 1200);
}

TEST(Fleet, WrappedFilesStampRestartsInLocalTime) {
  FleetOptions options = clean();
  options.quirks.power_cuts = 1000;
  options.quirks.restarts_in_local_time = true;
  for (const Kept& file : make(options).files) {
    const Table table = read(file);
    const auto at = std::find_if(table.rows.begin(), table.rows.end(), is_restart);
    ASSERT_NE(at, table.rows.end());
    const std::int64_t to_next_s = seconds_of((*(at + 1))[0]) - seconds_of((*at)[0]);
    const std::int64_t modulo_hour_s = (to_next_s + 7200) % 3600;
    EXPECT_TRUE(modulo_hour_s >= 7 && modulo_hour_s <= 10) << file.name;
    EXPECT_EQ(to_next_s < 0, table.is_wrapped) << file.name;
  }
}

TEST(Fleet, OneLoggerOfEachCompanyMissesTheDayInTheMiddle) {
  FleetOptions options = clean();
  options.quirks.silent_day = true;
  options.days = 21;
  std::map<std::string, std::size_t> files;  // by device
  for (const Kept& file : make(options).files) ++files[file.device];
  EXPECT_EQ(files.size(), 8U);
  EXPECT_EQ(std::count_if(files.begin(), files.end(), [](const auto& of) { return of.second == 20; }), 2);
  EXPECT_EQ(std::count_if(files.begin(), files.end(), [](const auto& of) { return of.second == 21; }), 6);
}

TEST(Fleet, NamesPassTheChecksOfTheModel) {
  FleetOptions options = clean();
  options.companies = 12;
  options.days = 1;
  options.channels = 1;
  std::set<std::string> companies, devices;
  bool has_space = false, has_accent = false;
  for (const Kept& file : make(options).files) {
    EXPECT_TRUE(model::TenantName::parse(file.company)) << file.company;
    EXPECT_TRUE(model::CampaignName::parse(file.campaign)) << file.campaign;
    EXPECT_TRUE(model::SerialNumber::parse(file.device)) << file.device;
    companies.insert(file.company);
    devices.insert(file.device);
    has_space |= file.campaign.find(' ') != std::string::npos;
    has_accent |= std::any_of(file.campaign.begin(), file.campaign.end(), [](char c) { return (c & 0x80) != 0; });
  }
  EXPECT_EQ(companies.size(), 12U);
  EXPECT_EQ(devices.size(), 48U);
  EXPECT_TRUE(has_space && has_accent);
}

TEST(Fleet, OptionsOutOfBoundsAreRefusedByName) {
  const auto message = [](auto change) {
    FleetOptions options;
    change(options);
    const auto summary = for_each_file(options, [](const FleetFile&) -> Result<void> { return {}; });
    return summary ? std::string("accepted") : summary.error().message();
  };
  EXPECT_NE(message([](FleetOptions& o) { o.companies = 0; }).find("companies"), std::string::npos);
  EXPECT_NE(message([](FleetOptions& o) { o.channels = 601; }).find("channels"), std::string::npos);
  EXPECT_NE(message([](FleetOptions& o) { o.step_s = 0; }).find("step"), std::string::npos);
  EXPECT_NE(message([](FleetOptions& o) { o.days = 36'000; }).find("days"), std::string::npos);
  EXPECT_NE(message([](FleetOptions& o) {
              o.layout = Layout::yearly;
              o.days = 365;
              o.step_s = 1;
            }).find("step"),
            std::string::npos);
}

TEST(Fleet, GenerateWritesTheSameFilesAndNeverOverwrites) {
  FleetOptions options = small();
  options.companies = 1;
  options.loggers = 2;
  options.days = 5;
  const TemporaryFolder folder;
  Progress last;
  const auto summary = generate(options, folder.path(), [&](const Progress& progress) { last = progress; });
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(last.loggers_done, 2U);
  EXPECT_EQ(last.files, summary->files);

  const Fleet fleet = make(options);
  EXPECT_EQ(*summary, fleet.summary);
  const fs::path first = folder.path() / fleet.files[0].company / fleet.files[0].campaign / fleet.files[0].device / fleet.files[0].name;
  EXPECT_EQ(fs::file_size(first), fleet.files[0].bytes.size());

  const auto refused = generate(options, folder.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::conflict);
  EXPECT_NE(refused.error().message().find(first.string()), std::string::npos);
  EXPECT_EQ(fs::file_size(first), fleet.files[0].bytes.size());
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
  }
}

TEST(Fleet, TheVisitorEndsTheRun) {
  std::size_t calls = 0;
  const auto summary = for_each_file(FleetOptions{}, [&](const FleetFile&) -> Result<void> {
    return ++calls < 3 ? Result<void>{} : fail(Errc::io, "disk full");
  });
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().message(), "disk full");
  EXPECT_EQ(calls, 3U);
}

}  // namespace
}  // namespace pv::fleet
