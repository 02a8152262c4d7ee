#pragma once
/// The text of logger files, made plainly: a voltage and some powers, values told by instant and column.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace pv::testing {

/// "03/08/25 03:20:00" of a number of seconds since 1970 on whatever clock the file shows.
inline std::string stamp_text(std::int64_t clock_s) {
  const std::chrono::sys_seconds at{std::chrono::seconds(clock_s)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const auto time_s = static_cast<int>((at - day).count());
  char text[32];
  std::snprintf(text, sizeof text, "%02u/%02u/%02d %02d:%02d:%02d", static_cast<unsigned>(date.day()), static_cast<unsigned>(date.month()),
                static_cast<int>(date.year()) % 100, time_s / 3600, time_s / 60 % 60, time_s % 60);
  return text;
}

struct LoggerText {
  std::string sn = "02001084";
  std::string format = "MV_T302_V002";
  std::size_t channels = 3;  // the first one a voltage
  std::int64_t first_s = 1'754'184'000;  // 2025-08-03 01:20:00
  std::size_t rows = 20;
  std::int64_t step_s = 600;
  bool is_wrapped = false;  // UTC, with a header block and END_DATA

  [[nodiscard]] std::string header() const {
    std::string serials = sn;
    std::string titles = format + "\tPh 1 V";
    for (std::size_t c = 0; c < channels; ++c) serials += "\t" + sn;
    for (std::size_t c = 1; c < channels; ++c) titles += "\tVoie" + std::to_string(c) + " W";
    const std::string table = serials + "\n" + titles + "\n";
    if (!is_wrapped) return table;
    return "START_HEADER\n{\"DataTimeSettings\":\"UTC\",\"TimeZoneName\":\"Europe/Paris\",\"MasterType\":\"Mono\"}\nEND_HEADER\nSTART_DATA\n" + table;
  }
  [[nodiscard]] std::string row(std::int64_t clock_s) const {
    std::string line = stamp_text(clock_s);
    for (std::size_t c = 0; c < channels; ++c) {
      const auto value = static_cast<long long>((clock_s / 60 * 37 + static_cast<std::int64_t>(c) * 101) % 9000);
      char text[32];
      if (c == 0) {
        std::snprintf(text, sizeof text, "\t%lld.%02lld", 200 + value / 100, value % 100);
      } else {
        std::snprintf(text, sizeof text, "\t%lld.%lld", value / 10, value % 10);
      }
      line += text;
    }
    return line + "\n";
  }
  [[nodiscard]] std::string rows_text() const {
    std::string text;
    for (std::size_t r = 0; r < rows; ++r) text += row(first_s + static_cast<std::int64_t>(r) * step_s);
    return text;
  }
  [[nodiscard]] std::string text() const { return header() + rows_text() + (is_wrapped ? "END_DATA\n" : ""); }
};

/// A dump whose titles are those of an earlier wiring: two of its three voltages stand under "W".
inline std::string stale_header_dump() {
  std::string text = "02001084\t02001084\t02001084\t02001084\nMV_T302_V002\tPh 1 V\tVoie1 W\tVoie2 W\n";
  for (int row = 0; row < 200; ++row) {
    const double base = 236 + 5 * std::sin(row / 9.0);
    char line[128];
    std::snprintf(line, sizeof line, "%s\t%.2f\t%.2f\t%.2f\n", stamp_text(1'754'184'000 + row * 600).c_str(), base, base + 0.37 + 0.2 * std::sin(row), base - 0.81 + 0.2 * std::cos(row));
    text += line;
  }
  return text;
}

}  // namespace pv::testing
