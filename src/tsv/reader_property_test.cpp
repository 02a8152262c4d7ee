/// The reader against its slow twin, over generated and mutated files; and files cut at every byte.

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tsv/naive_reader.h"
#include "tsv/reader.h"

namespace pv::tsv {
namespace {

class FileGenerator {
 public:
  explicit FileGenerator(std::uint32_t seed) : random_(seed) {}

  std::string file() {
    std::string text = header();
    const int rows = pick(0, 40);
    second_ = pick(0, 4) == 0 ? kUnsetClock : pick(0, 1) == 0 ? kAutumnNight : kSpringNight;
    for (int i = 0; i < rows; ++i) {
      if (pick(0, 40) == 0) {
        if (pick(0, 1) == 0 && !text.empty()) text.resize(text.size() - static_cast<std::size_t>(pick(0, 20)) % text.size());
        text += header();
      }
      row(text);
    }
    if (wrapped_ && pick(0, 2) != 0) text += "END_DATA" + eol_;
    if (pick(0, 3) == 0) text.resize(text.size() - static_cast<std::size_t>(pick(0, 30)) % text.size());
    return text;
  }

  void mutate(std::string& text) {
    static constexpr char kBytes[] = "0123456789.-+eE\t\n\r \0:/MV_\xe9\xff";
    for (int i = pick(0, 6); i > 0 && !text.empty(); --i) {
      const auto at = static_cast<std::size_t>(pick(0, static_cast<int>(text.size()) - 1));
      const char byte = kBytes[pick(0, sizeof kBytes - 2)];
      switch (pick(0, 3)) {
        case 0: text[at] = byte; break;
        case 1: text.insert(at, 1, byte); break;
        case 2: text.erase(at, static_cast<std::size_t>(pick(1, 12))); break;
        default: text.insert(at, text.substr(static_cast<std::size_t>(pick(0, static_cast<int>(text.size()) - 1)), 40)); break;
      }
    }
  }

  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

 private:
  static constexpr int kDay = 86'400;
  // Seconds since 01/01/20 on the logger's clock.
  static constexpr int kUnsetClock = 5 * 60;
  static constexpr int kAutumnNight = 2'125 * kDay + 3'600;  // 26/10/25 01:00
  static constexpr int kSpringNight = 1'915 * kDay + 3'600;  // 30/03/25 01:00

  std::string header() {
    eol_ = pick(0, 5) == 0 ? "\r\n" : "\n";
    wrapped_ = pick(0, 1) == 0;
    if (columns_ == 0 || pick(0, 2) == 0) columns_ = pick(1, 8);
    std::string text;
    if (wrapped_) {
      static constexpr const char* kBlocks[] = {
          R"({"DataTimeSettings":"UTC","TimeZone":"CET-1CEST,M3.5.0,M10.5.0/3","TimeZoneName":"Europe/Paris","MasterType":"Mono"})",
          R"({"DataTimeSettings":"LOCAL","TimeZone":"CET-1CEST,M3.5.0,M10.5.0/3","MasterType":"Tri"})", R"({"DataTimeSettings":"utc"})",
          R"({"TimeZone":"none"})"};
      text += "START_HEADER" + eol_ + kBlocks[pick(0, 30) == 0 ? 3 : pick(0, 2)] + eol_ + "END_HEADER" + eol_ + "START_DATA" + eol_;
    }
    std::string titles = "MV_T302_V002";
    text += "02001171";
    for (int c = 0; c < columns_; ++c) {
      text += c < 4 ? "\t02001171" : "\t04000466";
      titles += fmt::format("\tPh {} {}", c + 1, c < 3 ? "V" : "W");
    }
    return text + eol_ + titles + eol_;
  }

  std::string cell() {
    static constexpr const char* kOdd[] = {"", "NaN", "inf", "1e3", "-1.25E-2", "12345678901234567890", "5.", ".5", "-", ".", "+5", "0", "-0", "1e400",
                                           "123456.789", "2147483647", "-2147483648", "0.123456789012", " 5", "5V", "1,5", "00012.50", "--5", "4.5.6"};
    switch (pick(0, 30)) {
      case 0: return kOdd[pick(0, static_cast<int>(std::size(kOdd)) - 1)];
      case 1: return fmt::format("{}", pick(-3, 99'999));
      case 2: return fmt::format("{:.2f}", pick(-99'999, 99'999) / 100.0);
      case 3: return "-0.0";
      default: return fmt::format("{:.1f}", pick(-20'000, 20'000) / 10.0);
    }
  }

  void row(std::string& text) {
    const bool restart = pick(0, 12) == 0;
    second_ += pick(0, 15) == 0 ? pick(-7'300, 7'300) : pick(0, 3) == 0 ? 600 : pick(1, 1'200);
    if (second_ < kDay && pick(0, 8) == 0) second_ = kAutumnNight;
    second_ = std::max(second_, 0);
    const int shown = second_ + (restart && wrapped_ ? 3'600 * pick(0, 2) : 0);
    text += stamp(shown);
    const int fields = pick(0, 25) == 0 ? pick(0, columns_ + 2) : columns_;
    for (int c = 0; c < fields; ++c) text += "\t" + (restart ? "0" : cell());
    text += eol_;
  }

  static std::string stamp(int second) {
    const int day = second / kDay;
    const int in_day = second % kDay;
    int rest = day;
    int year = 20;
    while (rest >= (year % 4 == 0 ? 366 : 365)) rest -= year++ % 4 == 0 ? 366 : 365;
    static constexpr int kLength[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int month = 0;
    while (rest >= kLength[month] + (month == 1 && year % 4 == 0 ? 1 : 0)) {
      rest -= kLength[month] + (month == 1 && year % 4 == 0 ? 1 : 0);
      ++month;
    }
    return fmt::format("{:02}/{:02}/{:02} {:02}:{:02}:{:02}", rest + 1, month + 1, year, in_day / 3600, in_day / 60 % 60, in_day % 60);
  }

  std::mt19937 random_;
  std::string eol_ = "\n";
  bool wrapped_ = false;
  int columns_ = 0;
  int second_ = 0;
};

ReadOptions options_for(FileGenerator& generator) {
  ReadOptions options;
  if (generator.pick(0, 2) != 0) options.bare_zone = model::Zone::from_name("Europe/Paris").value();
  if (generator.pick(0, 3) == 0) options.restart_rows = RestartRows::zeros;
  options.max_faults_kept = 20;
  return options;
}

TEST(ReaderPropertyTest, AgreesWithItsSlowTwin) {
  for (std::uint32_t seed = 1; seed <= 4'000; ++seed) {
    FileGenerator generator(seed);
    const ReadOptions options = options_for(generator);
    std::string text = generator.file();
    ASSERT_EQ(testing::difference(text, options), "") << "seed " << seed << "\n" << text;
    generator.mutate(text);
    ASSERT_EQ(testing::difference(text, options), "") << "seed " << seed << " mutated\n" << text;
  }
}

/// Instant of the row without its line end. Its last cell may be a shorter one than the whole file's, and all of it may turn
/// out to have too many fields; the store ranks it below any whole row.
std::optional<std::int64_t> provisional_instant(std::string_view text, const ReadOptions& options) {
  const auto file = read(text, options);
  if (!file || !file->tables.back().provisional_row) return std::nullopt;
  return file->tables.back().rows.time_s[*file->tables.back().provisional_row];
}

TEST(ReaderPropertyTest, CutFilesNeverGiveAValueThatTheWholeFileHasNot) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    FileGenerator generator(seed);
    const ReadOptions options = options_for(generator);
    const std::string text = generator.file();
    const auto whole = testing::NaiveReader(text, options).read();
    if (!whole) continue;
    for (std::size_t size = 0; size < text.size(); ++size) {
      const std::string_view part = std::string_view(text).substr(0, size);
      ASSERT_EQ(testing::difference(part, options), "") << "seed " << seed << " size " << size << "\n" << text;
      const auto cut = testing::NaiveReader(part, options).read();
      if (!cut) continue;
      for (const std::int64_t restart : cut->restarts) {
        ASSERT_TRUE(whole->restarts.contains(restart)) << "seed " << seed << " size " << size << " " << restart << "\n" << text;
      }
      const auto exempt = provisional_instant(part, options);
      for (const auto& [key, value] : cut->samples) {
        const auto [from, to] = whole->seen.equal_range(key);
        const bool known = std::any_of(from, to, [wanted = value](const auto& sample) { return sample.second == wanted; });
        ASSERT_TRUE(known || exempt == key.first) << "seed " << seed << " size " << size << " " << key.first << " " << key.second << " " << value << "\n" << text;
      }
    }
  }
}

/// Samples, restarts and zone of a file; "" when it is refused.
std::string essence(std::string_view text, const ReadOptions& options) {
  const auto file = read(text, options);
  if (!file) return "";
  std::map<std::pair<std::int64_t, std::string>, double> samples;
  for (const auto& table : file->tables) {
    for (std::size_t c = 0; c < table.channels.size(); ++c) {
      const std::string field = model::field_name(table.channels[c], model::ChannelIdStyle::device_first);
      for (std::size_t row = 0; row < table.rows.time_s.size(); ++row) {
        if (!table.rows.columns[c].is_missing(row)) samples[{table.rows.time_s[row], field}] = table.rows.columns[c].value(row);
      }
    }
  }
  std::string out = file->master_sn + " " + file->report.zone + "\n";
  for (const auto& [key, value] : samples) out += fmt::format("{} {} {}\n", key.first, key.second, value);
  for (const auto& event : file->events) out += fmt::format("restart {}\n", event.time_s);
  return out;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

/// Files of one logger: bare, and wrapped with a block that the settings must not stand in for.
std::vector<std::string> files_to_resume() {
  // Titles that speak of a mono logger, so that only the block tells that it is a tri.
  const std::string table =
      "02001171\t02001171\t02001171\t02001171\t02001171\t04000466\nMV_T302_V002\tPh 1 V\tL2 V\tL3 V\tVoie1 W\tVoie1 W\n"
      "26/10/25 01:50:00\t242.25\t241.10\t240.01\t31.5\t0.0\n26/10/25 02:00:00\t242.26\t241.11\t240.02\t-31.6\t4.0\n"
      "26/10/25 02:10:00\t0\t0\t0\t0\t0\n26/10/25 02:20:00\t242.27\t241.12\t240.03\t31.7\t4.1\n"
      "26/10/25 02:00:00\t242.28\t241.13\t240.04\t31.8\t4.2\n26/10/25 03:00:00\t242.29\t241.14\t240.05\t31.9\t4.3\n";
  const auto block = [](const char* settings) {
    return fmt::format("START_HEADER\n{{\"DataTimeSettings\":\"{}\",\"TimeZone\":\"EST5EDT,M3.2.0,M11.1.0\",\"TimeZoneName\":\"America/New_York\","
                       "\"MasterType\":\"Tri\"}}\nEND_HEADER\nSTART_DATA\n", settings);
  };
  std::vector<std::string> files = {table, block("UTC") + table + "END_DATA\n", block("LOCAL") + table + "END_DATA\n", block("UTC") + table};
  for (std::size_t i = 0; i < 4; ++i) files.push_back(with_crlf(files[i]));
  files.push_back("\xef\xbb\xbf" + files[0]);
  files.push_back("\xef\xbb\xbf" + files[1]);
  // The first column is a slave's.
  files.push_back("02001171\t04000466\nMV_T302_V002\tVoie1 W\n03/08/25 03:20:00\t1.5\n03/08/25 03:30:00\t2.5\n");
  return files;
}

TEST(ReaderPropertyTest, UploadResumedAtAnyByteReadsLikeTheWholeFile) {
  const ReadOptions options{.bare_zone = model::Zone::from_name("Europe/Paris").value()};
  for (const std::string& whole : files_to_resume()) {
    const std::string expected = essence(whole, options);
    ASSERT_NE(expected, "") << whole;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      const std::string resumed = whole.substr(0, size) + whole;
      ASSERT_EQ(essence(resumed, options), expected) << "cut at " << size << "\n" << resumed;
      ASSERT_EQ(testing::difference(resumed, options), "") << "cut at " << size << "\n" << resumed;
    }
  }
}

TEST(ReaderPropertyTest, UploadResumedTwiceReadsLikeTheWholeFile) {
  const ReadOptions options{.bare_zone = model::Zone::from_name("Europe/Paris").value()};
  for (const std::string& whole : files_to_resume()) {
    const std::string expected = essence(whole, options);
    // Twice inside the first serial row is beyond telling.
    const std::size_t start = whole.find("START_HEADER") == std::string::npos ? whole.find('\n') + 1 : 0;
    for (std::size_t first = start; first <= whole.size(); first += 3) {
      for (std::size_t second = first % 7; second <= whole.size(); second += 7) {
        const std::string resumed = whole.substr(0, first) + whole.substr(0, second) + whole;
        ASSERT_EQ(essence(resumed, options), expected) << "cut at " << first << " and " << second << "\n" << resumed;
      }
    }
  }
}

}  // namespace
}  // namespace pv::tsv
