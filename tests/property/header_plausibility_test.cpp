// Headers against values, over files that are all right and over the same files under other titles.

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "fleet/fleet.h"
#include "quality/header_check.h"
#include "testing/memory_source.h"
#include "testing/read_given.h"
#include "testing/real_files.h"
#include "testing/seed.h"
#include "tsv/header_graft.h"

namespace pv {
namespace {

using quality::Finding;
using quality::FindingKind;
using testing::paris;

std::string listed(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += finding.what + "\n";
  return text;
}

std::vector<std::string> columns_of(const std::vector<Finding>& findings, FindingKind kind) {
  std::vector<std::string> columns;
  for (const Finding& finding : findings) {
    if (finding.kind == kind) columns.push_back(finding.column);
  }
  return columns;
}

/// "02001283 TAB …", "MV_T302_V002 TAB Ph 1 V TAB …", as fields.
std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

struct Titles {
  std::size_t from = 0;  // of the title row in the text
  std::size_t size = 0;
  std::vector<std::string> fields;  // the format's name first
};

Titles titles_of(const std::string& text) {
  Titles titles;
  titles.from = text.find("\nMV_") + 1;
  titles.size = text.find('\n', titles.from) - titles.from;
  titles.fields = fields_of(std::string_view(text).substr(titles.from, titles.size));
  return titles;
}

std::string with_titles(const std::string& text, const Titles& titles) {
  std::string row;
  for (const std::string& field : titles.fields) row += (row.empty() ? "" : "\t") + field;
  return text.substr(0, titles.from) + row + text.substr(titles.from + titles.size);
}

char unit_of(const std::string& title) { return title.back(); }

bool is_tri(const Titles& titles) { return std::count(titles.fields.begin(), titles.fields.end(), "Ph 3 V") == 1; }

/// The titles of a mono logger above the same columns: what a logger that was set up anew has been seen to write.
std::string as_mono(const std::string& text) {
  Titles titles = titles_of(text);
  for (std::size_t i = 2; i < titles.fields.size(); ++i) titles.fields[i] = "Voie" + std::to_string(i - 1) + " W";
  std::string stale = with_titles(text, titles);
  if (const std::size_t type = stale.find("\"Tri\""); type != std::string::npos) stale.replace(type, 5, "\"Mono\"");
  return stale;
}

/// A campaign that holds what a file says.
testing::MemoryCampaign stored(const testing::GivenFile& file) {
  const model::LoggerTable& table = file.tables.front();
  testing::MemoryLogger logger;
  logger.sn = table.channels.front().master_sn;
  logger.channels = table.channels;
  logger.rows = table.rows;
  testing::MemoryCampaign campaign;
  campaign.name = "camp";
  campaign.loggers.push_back(std::move(logger));
  return campaign;
}

std::vector<Finding> against(const testing::GivenFile& file, const testing::GivenFile& earlier) {
  testing::MemorySource source;
  source.campaigns.push_back(stored(earlier));
  const auto snapshot = source.snapshot(1).value();
  return quality::check_stored(file.tables, *snapshot, *model::CampaignName::parse("camp")).value();
}

struct FleetText {
  std::string name;
  std::string text;
};

std::vector<FleetText> fleet_files(fleet::Layout layout, unsigned days, std::uint64_t seed) {
  fleet::FleetOptions options;
  options.companies = 3;
  options.loggers = 6;
  options.days = days;
  options.seed = seed;
  options.layout = layout;
  std::vector<FleetText> files;
  EXPECT_TRUE(fleet::for_each_file(options, [&](const fleet::FleetFile& file) -> Result<void> {
    files.push_back({std::string(file.name), std::string(file.bytes)});
    return {};
  }));
  return files;
}

class HeaderPlausibility : public ::testing::Test {
 protected:
  testing::Seed seed_;
  testing::Dice dice_{seed_.value()};
};

TEST_F(HeaderPlausibility, NoFileOfAFleetIsHeld) {
  std::size_t judged = 0;
  for (const auto& [layout, days] : {std::pair{fleet::Layout::daily, 25U}, std::pair{fleet::Layout::yearly, 365U}}) {
    for (const FleetText& file : fleet_files(layout, days, seed_.value())) {
      const auto given = testing::read_given(file.name, file.text, paris());
      if (!given) continue;
      ++judged;
      const auto findings = quality::check_values(given->tables);
      EXPECT_TRUE(findings.empty()) << file.name << "\n" << listed(findings);
    }
  }
  EXPECT_GT(judged, 400U);
}

TEST_F(HeaderPlausibility, AFileSentAgainAgreesWithWhatIsStored) {
  for (const FleetText& file : fleet_files(fleet::Layout::daily, 3, seed_.value())) {
    const auto given = testing::read_given(file.name, file.text, paris());
    if (!given || given->tables.empty()) continue;
    EXPECT_TRUE(against(*given, *given).empty()) << file.name;
    // Read in a wrong zone before: other rows at the same instants, but no mistaken title.
    const auto elsewhere = testing::read_given(file.name, file.text);
    const auto findings = against(*given, *elsewhere);
    EXPECT_TRUE(findings.empty()) << file.name << "\n" << listed(findings);
  }
}

TEST_F(HeaderPlausibility, AMonoHeaderAboveThreeVoltagesIsHeld) {
  std::size_t tri = 0;
  for (const FleetText& file : fleet_files(fleet::Layout::daily, 4, seed_.value())) {
    const auto right = testing::read_given(file.name, file.text, paris());
    if (!right || right->tables.empty() || right->tables[0].rows.time_s.size() < 100 || !is_tri(titles_of(file.text))) continue;
    ++tri;
    SCOPED_TRACE(file.name);
    const auto stale = testing::read_given(file.name, as_mono(file.text), paris());
    ASSERT_TRUE(stale);
    const std::string sn = stale->tables[0].channels[0].master_sn;
    const std::vector<std::string> both = {"M" + sn + "_Ch1_M" + sn + "_W", "M" + sn + "_Ch2_M" + sn + "_W"};
    EXPECT_EQ(columns_of(quality::check_values(stale->tables), FindingKind::watts_read_like_volts), both);
    const auto by_store = columns_of(against(*stale, *right), FindingKind::stored_elsewhere);
    ASSERT_GE(by_store.size(), 2U);
    EXPECT_EQ(std::vector<std::string>(by_store.begin(), by_store.begin() + 2), both);
  }
  EXPECT_GT(tri, 20U);
}

TEST_F(HeaderPlausibility, ScrambledTitlesOfATriLoggerAreHeld) {
  std::size_t scrambled = 0;
  for (const FleetText& file : fleet_files(fleet::Layout::daily, 4, seed_.value())) {
    const Titles titles = titles_of(file.text);
    const auto right = testing::read_given(file.name, file.text, paris());
    if (!right || right->tables.empty() || right->tables[0].rows.time_s.size() < 100 || !is_tri(titles)) continue;
    for (int round = 0; round < 8; ++round) {
      Titles other = titles;
      std::shuffle(other.fields.begin() + 1, other.fields.end(), dice_.engine());
      std::size_t misplaced = 0;  // voltages under a title that says watts
      for (std::size_t i = 1; i < other.fields.size(); ++i) {
        if (unit_of(titles.fields[i]) == 'V' && unit_of(other.fields[i]) == 'W') ++misplaced;
      }
      if (misplaced == 0) continue;
      ++scrambled;
      const auto given = testing::read_given(file.name, with_titles(file.text, other), paris());
      ASSERT_TRUE(given);
      EXPECT_EQ(columns_of(quality::check_values(given->tables), FindingKind::watts_read_like_volts).size(), misplaced)
          << file.name << "\n" << with_titles(file.text, other).substr(0, 1500);
    }
  }
  EXPECT_GT(scrambled, 200U);
}

class RealHeaders : public testing::RealFilesTest {
 protected:
  std::optional<testing::GivenFile> given(const std::string& name, const std::string& text) const {
    return testing::read_given(name, text, paris());
  }
};

TEST_F(RealHeaders, ArePlausibleByThemselvesAndBesideEachOther) {
  std::vector<testing::GivenFile> read;
  for (const testing::RealFile& real : files_) {
    auto file = given(real.name(), real.text);
    if (!file || file->tables.empty()) continue;
    const auto findings = quality::check_values(file->tables);
    EXPECT_TRUE(findings.empty()) << real.path << "\n" << listed(findings);
    read.push_back(std::move(*file));
  }
  EXPECT_GT(read.size(), 15U);
  for (const auto& file : read) {
    for (const auto& earlier : read) {
      const auto findings = against(file, earlier);
      EXPECT_TRUE(findings.empty()) << file.origin.name << " after " << earlier.origin.name << "\n" << listed(findings);
    }
  }
}

TEST_F(RealHeaders, OfAMonoLoggerAreHeldAboveTheRowsOfEveryTriFile) {
  std::size_t tri = 0;
  for (const testing::RealFile& real : files_) {
    const auto right = given(real.name(), real.text);
    if (!right || right->tables.empty() || right->tables[0].rows.time_s.size() < 6 || !is_tri(titles_of(real.text))) continue;
    ++tri;
    SCOPED_TRACE(real.path);
    const auto stale = given(real.name(), as_mono(real.text));
    ASSERT_TRUE(stale);
    EXPECT_EQ(columns_of(quality::check_values(stale->tables), FindingKind::watts_read_like_volts).size(), 2U);
  }
  EXPECT_GT(tri, 12U);
}

TEST_F(RealHeaders, OfAMemoryThatCameUnderAnOldSetUpAreFoundAndPutRight) {
  const std::string& memory = file("T302_260109_102002.tsv").text;
  const std::string stale_text = as_mono(memory);
  const auto stale = given("T302_260109_190000.tsv", stale_text);
  ASSERT_TRUE(stale);
  const auto by_itself = quality::check_values(stale->tables);
  EXPECT_EQ(columns_of(by_itself, FindingKind::watts_read_like_volts),
            (std::vector<std::string>{"M02001283_Ch1_M02001283_W", "M02001283_Ch2_M02001283_W"}));
  EXPECT_NE(by_itself.at(0).what.find("as watts it would count for 101."), std::string::npos) << by_itself[0].what;

  const auto earlier = given("T302_260109_183756.tsv", file("T302_260109_183756.tsv").text);
  const auto by_store = against(*stale, *earlier);
  EXPECT_NE(listed(by_store).find("have these values as \"Ph 2 V\" (U2 of 02001283) at "), std::string::npos) << listed(by_store);
  EXPECT_NE(listed(by_store).find("have these values as \"Ph 3 V\" (U3 of 02001283) at "), std::string::npos) << listed(by_store);

  const auto mended = tsv::with_header_of(stale_text, file("T302_251029_031500.tsv").text);
  ASSERT_TRUE(mended);
  const auto right = given("T302_260109_190000.tsv", std::string(mended->begin(), mended->end()));
  ASSERT_TRUE(right);
  EXPECT_TRUE(quality::check_values(right->tables).empty());
  EXPECT_TRUE(against(*right, *earlier).empty());
}

}  // namespace
}  // namespace pv
