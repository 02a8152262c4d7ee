#pragma once
/// Days of one logger, for copies to have: a row each ten minutes.

#include <string>

#include <fmt/format.h>

namespace pv::testing {

inline std::string day_file(int day, double base = 230, const std::string& sn = "02001084") {
  std::string text = sn + "\t" + sn + "\t" + sn + "\nMV_T302_V002\tPh 1 V\tVoie1 W\n";
  for (int minute = 0; minute < 24 * 60; minute += 10) {
    text += fmt::format("{:02}/08/25 {:02}:{:02}:00\t{:.2f}\t{:.1f}\n", day, minute / 60, minute % 60, base + minute / 1000.0, minute / 10.0);
  }
  return text;
}
/// A later version of a day wins.
inline std::string day_name(int day, int version = 0) { return fmt::format("T302_2508{:02}_23595{}.tsv", day, version); }

}  // namespace pv::testing
