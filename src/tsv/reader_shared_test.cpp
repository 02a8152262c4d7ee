/// Real files against what a correct reader returns. PV_SHARED_DIR names the folder with data/ and expected/; without it, a
/// folder `shared` beside the sources, the working directory, or a folder above them.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tsv/naive_reader.h"
#include "tsv/reader.h"

namespace pv::tsv {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> shared_folder() {
  if (const char* named = std::getenv("PV_SHARED_DIR")) return fs::path(named);
  for (const char* start : {".", PV_SOURCE_DIR}) {
    for (fs::path at = fs::absolute(start); at != at.root_path(); at = at.parent_path()) {
      if (fs::exists(at / "shared" / "expected" / "index.tsv")) return at / "shared";
    }
  }
  return std::nullopt;
}

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> sample_lines(const LoggerFile& file) {
  std::vector<std::tuple<std::int64_t, std::string, double>> samples;
  for (const auto& table : file.tables) {
    for (std::size_t c = 0; c < table.channels.size(); ++c) {
      const std::string field = model::field_name(table.channels[c], model::ChannelIdStyle::device_first);
      for (std::size_t row = 0; row < table.rows.time_s.size(); ++row) {
        if (!table.rows.columns[c].is_missing(row)) samples.emplace_back(table.rows.time_s[row], field, table.rows.columns[c].value(row));
      }
    }
  }
  std::sort(samples.begin(), samples.end());
  std::vector<std::string> lines;
  for (const auto& [time, field, value] : samples) lines.push_back(fmt::format("{}\t{}\t{}", time, field, value));
  return lines;
}

struct Expected {
  std::string file, format, channels;
  std::uint64_t samples = 0, events = 0;
};

class SharedFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto shared = shared_folder();
    if (!shared) GTEST_SKIP() << "no real files here; PV_SHARED_DIR may name the folder that holds data/ and expected/";
    folder_ = *shared;
    options_.bare_zone = model::Zone::from_name("Europe/Paris").value();
    for (const std::string& line : lines_of(content(folder_ / "expected" / "index.tsv"))) {
      if (line.starts_with("file\t")) continue;
      std::istringstream in(line);
      Expected expected;
      in >> expected.file >> expected.format >> expected.channels >> expected.samples >> expected.events;
      index_.push_back(expected);
    }
    ASSERT_FALSE(index_.empty());
  }

  std::string expected_text(const Expected& expected, const char* kind) const {
    std::string name = expected.file;
    for (std::size_t slash = 0; (slash = name.find('/')) != std::string::npos;) name.replace(slash, 1, "__");
    return content(folder_ / "expected" / (name + kind));
  }

  fs::path folder_;
  ReadOptions options_;
  std::vector<Expected> index_;
};

TEST_F(SharedFilesTest, GiveExactlyTheExpectedSamplesAndEvents) {
  for (const Expected& expected : index_) {
    SCOPED_TRACE(expected.file);
    const std::string text = content(folder_ / "data" / expected.file);
    const auto file = read(text, options_);
    if (expected.format == "rejected") {
      EXPECT_FALSE(file);
      continue;
    }
    ASSERT_TRUE(file);
    EXPECT_EQ(file->report.format, expected.format);
    EXPECT_EQ(fmt::format("{}", file->tables.at(0).channels.size()), expected.channels);
    EXPECT_EQ(file->report.samples, expected.samples);
    EXPECT_EQ(file->events.size(), expected.events);
    EXPECT_EQ(sample_lines(*file), lines_of(expected_text(expected, ".samples")));
    std::vector<std::string> events;
    for (const model::Event& event : file->events) events.push_back(fmt::format("{}\trestart", event.time_s));
    std::vector<std::string> expected_events = lines_of(expected_text(expected, ".events"));
    std::sort(expected_events.begin(), expected_events.end());
    EXPECT_EQ(events, expected_events);
  }
}

TEST_F(SharedFilesTest, CutAtAnyByteGiveNoValueThatTheyDoNotHave) {
  for (const Expected& expected : index_) {
    const std::string text = content(folder_ / "data" / expected.file);
    if (expected.format == "rejected" || text.size() > 9'000) continue;
    SCOPED_TRACE(expected.file);
    const auto whole = testing::NaiveReader(text, options_).read();
    ASSERT_TRUE(whole);
    for (std::size_t size = 0; size < text.size(); ++size) {
      const auto cut = read(std::string_view(text).substr(0, size), options_);
      if (!cut) continue;
      for (const auto& table : cut->tables) {
        for (std::size_t c = 0; c < table.channels.size(); ++c) {
          const std::string field = model::field_name(table.channels[c], model::ChannelIdStyle::device_first);
          // Only the end can differ from what a shorter cut gave.
          const std::size_t rows = table.rows.time_s.size();
          for (std::size_t row = rows < 3 ? 0 : rows - 3; row < rows; ++row) {
            const auto [from, to] = whole->seen.equal_range({table.rows.time_s[row], field});
            const double value = table.rows.columns[c].value(row);
            ASSERT_TRUE(std::any_of(from, to, [&](const auto& sample) { return sample.second == value; })) << "cut at " << size << ": " << field << " " << value;
          }
        }
      }
    }
  }
}

TEST_F(SharedFilesTest, AgreeWithTheSlowTwinInAnyZone) {
  const std::string extra[] = {"MV_T202_V002"};
  for (const Expected& expected : index_) {
    for (const char* zone : {"UTC", "Europe/Paris", "America/New_York"}) {
      ReadOptions options;
      options.bare_zone = model::Zone::from_name(zone).value();
      options.extra_formats = extra;
      EXPECT_EQ(testing::difference(content(folder_ / "data" / expected.file), options), "") << expected.file << " " << zone;
    }
  }
}

}  // namespace
}  // namespace pv::tsv
