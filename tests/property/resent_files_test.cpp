// The same measurements sent in pieces, cut, again, in any order, end as if they had come once and whole.

#include <gtest/gtest.h>

#include "fleet/fleet.h"
#include "store/writer.h"
#include "testing/campaign_content.h"
#include "testing/logger_text.h"
#include "testing/read_given.h"
#include "testing/temp_folder.h"

namespace pv {
namespace {

using testing::CampaignContent;
using testing::GivenFile;
using testing::must;
using testing::paris;
using testing::read_given;

struct NamedText {
  std::string name;
  std::string text;
};

std::vector<NamedText> fleet_files(const fleet::FleetOptions& options) {
  std::vector<NamedText> files;
  must(fleet::for_each_file(options, [&](const fleet::FleetFile& file) -> Result<void> {
         files.push_back({std::string(file.name), std::string(file.bytes)});
         return {};
       }));
  return files;
}

testing::StoreContent stored(const std::vector<std::vector<GivenFile>>& calls) {
  const testing::TempFolder folder;
  const auto writer = must(store::Writer::open(folder / "store.sqlite"));
  for (const auto& call : calls) must(writer->write(testing::deliveries_of(call)));
  EXPECT_TRUE(must(must(store::Reader::open(folder / "store.sqlite"))->verify()).empty());
  return testing::content_of_store(folder / "store.sqlite");
}

/// Files worth cutting everywhere: rows of several days, restarts, an unset clock, an hour told twice, both layouts.
std::vector<NamedText> telling_files() {
  fleet::FleetOptions options;
  options.companies = 1;
  options.loggers = 3;
  options.channels = 3;
  options.days = 26;
  options.step_s = 7200;
  options.quirks.power_cuts = 400;
  options.quirks.resent = options.quirks.cut = options.quirks.empty = 0;
  std::vector<NamedText> files = fleet_files(options);
  std::vector<NamedText> chosen;
  for (const NamedText& file : files) {
    const bool has_restart = file.text.find("\t0\t0\t0\n") != std::string::npos;
    const bool has_unset_clock = file.text.find("01/01/20") != std::string::npos;
    const bool has_fold = file.text.find("26/10/25 02:") != std::string::npos;
    if (has_restart || has_unset_clock || has_fold) chosen.push_back(file);
  }
  if (chosen.size() > 8) chosen.erase(chosen.begin() + 5, chosen.end() - 3);
  testing::LoggerText bare;
  bare.rows = 6;
  std::string text = bare.text() + testing::stamp_text(bare.first_s + 6 * 600) + "\t0\t0\t0\n";
  chosen.push_back({"T302_250803_031500.tsv", text});  // a restart row at the very end
  chosen.push_back({"T302_251026_031500.tsv", testing::LoggerText{.first_s = 1'761'438'600, .rows = 9}.text()});  // ends in local 02:00s
  return chosen;
}

TEST(ResentFiles, CutAtAnyByteAndSentAgainWholeTheyAreAsIfNeverCut) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  const std::vector<NamedText> files = telling_files();
  ASSERT_GE(files.size(), 6U);
  for (const NamedText& file : files) {
    SCOPED_TRACE(file.name);
    const auto whole = read_given(file.name, file.text, paris(), "whole");
    ASSERT_TRUE(whole);
    // A campaign for each cut and order, so that two transactions are enough for all of them.
    std::vector<GivenFile> first = {*whole};
    std::vector<GivenFile> second;
    for (std::size_t length = 0; length < file.text.size(); ++length) {
      const std::vector<std::string> names = {file.name, "T302_240101_000000.tsv", "T302_290101_000000.tsv"};
      const auto cut = read_given(names[dice.below(3)], std::string_view(file.text).substr(0, length), paris(), "cut");
      for (const char* order : {"cut first ", "whole first "}) {
        GivenFile of_cut = cut ? *cut : *whole;
        GivenFile of_whole = *whole;
        of_cut.campaign = of_whole.campaign = *model::CampaignName::parse(order + std::to_string(length));
        const bool cut_first = order[0] == 'c';
        first.push_back(cut_first ? of_cut : of_whole);
        second.push_back(cut_first ? of_whole : of_cut);
      }
    }
    const testing::StoreContent content = stored({first, second});
    const CampaignContent& expected = content.at("whole");
    for (const auto& [campaign, of] : content) {
      ASSERT_EQ(of.events, expected.events) << campaign;
      ASSERT_TRUE(of.samples == expected.samples) << campaign << ": " << of.samples.size() << " samples, expected " << expected.samples.size();
    }
  }
}

TEST(ResentFiles, SeventeenOverlappingPiecesAndADumpInAnotherNumberFormatAreTheDump) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  testing::LoggerText text;
  text.channels = 6;
  text.rows = 400;
  std::string dump = text.text();
  // "230.10" -> "230.1000", "7.5" -> "75e-1"
  std::string reformatted;
  for (std::size_t at = 0; at < dump.size(); ++at) {
    const bool field_ends = (dump[at] == '\t' || dump[at] == '\n') && at > text.header().size();
    const std::size_t point = dump.rfind('.', at);
    if (field_ends && point != std::string::npos && point > dump.find_last_of("\t\n", at - 1)) reformatted += dice.chance(50) ? "00" : "e0";
    reformatted += dump[at];
  }
  const auto full = read_given("T302_251231_000000.tsv", reformatted);
  ASSERT_TRUE(full);
  ASSERT_EQ(full->tables[0].rows.time_s.size(), 400U);
  std::vector<GivenFile> pieces;
  for (int piece = 0; piece < 17; ++piece) {
    testing::LoggerText part = text;
    part.rows = 1 + dice.below(200);
    part.first_s += dice.between(0, static_cast<std::int64_t>(text.rows - part.rows)) * text.step_s;
    std::string content = part.text();
    if (dice.chance(50)) content.resize(content.size() - dice.below(30));
    if (auto read = read_given("T302_25080" + std::to_string(dice.between(1, 9)) + "_000000.tsv", content)) pieces.push_back(*read);
  }
  const CampaignContent alone = stored({{*full}}).at("camp");
  for (const bool dump_last : {true, false}) {
    std::vector<std::vector<GivenFile>> calls;
    for (const GivenFile& piece : pieces) calls.push_back({piece});
    calls.insert(dump_last ? calls.end() : calls.begin(), {*full});
    const CampaignContent together = stored(calls).at("camp");
    EXPECT_TRUE(together.samples == alone.samples);
    EXPECT_EQ(together.events, alone.events);
    EXPECT_TRUE(together.conflicts.empty()) << "the same number in another spelling contradicts nothing";
  }
}

TEST(ResentFiles, AFleetsFilesInAnyOrderAndAnyNumberOfTimesGiveTheSameStore) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  fleet::FleetOptions options;
  options.companies = 1;
  options.loggers = 4;
  options.channels = 8;
  options.days = 60;
  options.step_s = 600;
  options.seed = seed.value();
  options.quirks.resent = options.quirks.cut = options.quirks.overlapping = 100;
  std::vector<GivenFile> files;
  for (const NamedText& file : fleet_files(options)) {
    if (auto read = read_given(file.name, file.text, paris())) files.push_back(std::move(*read));
  }
  const testing::StoreContent expected = testing::content_of_files(files);
  ASSERT_GT(expected.at("camp").samples.size(), 200'000U);
  for (int order = 0; order < 2; ++order) {
    std::vector<GivenFile> sent = files;
    for (int again = 0; again < 20; ++again) sent.push_back(files[dice.below(files.size())]);
    std::shuffle(sent.begin(), sent.end(), dice.engine());
    std::vector<std::vector<GivenFile>> calls;
    for (std::size_t at = 0; at < sent.size();) {
      const std::size_t count = std::min(1 + dice.below(40), sent.size() - at);
      calls.emplace_back(sent.begin() + static_cast<std::ptrdiff_t>(at), sent.begin() + static_cast<std::ptrdiff_t>(at + count));
      at += count;
    }
    testing::expect_same_content(stored(calls), expected);
  }
}

// Nothing that a file may hold makes the store depend on the order in which files came.
TEST(ResentFiles, DamagedFilesInAnyOrderGiveTheSameStore) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  const std::vector<NamedText> sources = telling_files();
  for (int round = 0; round < 5; ++round) {
    std::vector<GivenFile> files;
    while (files.size() < 40) {
      NamedText file = sources[dice.below(sources.size())];
      for (std::int64_t changes = dice.between(1, 12); changes > 0 && !file.text.empty(); --changes) {
        const std::size_t at = dice.below(file.text.size());
        switch (dice.below(5)) {
          case 0: file.text[at] = static_cast<char>(dice.between(0, 255)); break;
          case 1: file.text[at] = "0123456789.-\t\n"[dice.below(14)]; break;
          case 2: file.text.erase(at, dice.below(40)); break;
          case 3: file.text.insert(at, file.text.substr(dice.below(file.text.size()), dice.below(200))); break;
          default: file.text.resize(at + 1); break;
        }
      }
      file.name = "T302_25110" + std::to_string(dice.between(1, 9)) + "_000000.tsv";
      if (auto read = read_given(file.name, file.text, paris())) files.push_back(std::move(*read));
    }
    const testing::StoreContent expected = testing::content_of_files(files);
    for (int order = 0; order < 2; ++order) {
      std::shuffle(files.begin(), files.end(), dice.engine());
      std::vector<std::vector<GivenFile>> calls;
      for (const GivenFile& file : files) calls.push_back({file});
      testing::expect_same_content(stored(calls), expected);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace pv
