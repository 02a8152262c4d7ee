#include "fleet/row_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"

namespace pv::fleet {
namespace {

constexpr std::size_t kStampBytes = 17;
constexpr std::size_t kCellBytes = 14;  // tab, sign, ten digits, point

constexpr std::string_view kHeaderBlock =
    "START_HEADER\n"
    R"({"DataZoneCode":3,"DataTypeCode":2,"DataTimeSettings":"UTC","TimeZone":"CET-1CEST,M3.5.0,M10.5.0/3",)"
    R"("TimeZoneName":"Europe/Paris","FileVersion":3,"MasterType":")";
constexpr std::string_view kDataBlock =
    "\"}\n"
    "END_HEADER\n"
    "START_DATA\n";

std::chrono::year_month_day date_of(std::int64_t day) {
  return std::chrono::sys_days{std::chrono::days{day}};
}

char* put_two(char* at, unsigned number) {
  *at++ = static_cast<char>('0' + number / 10);
  *at++ = static_cast<char>('0' + number % 10);
  return at;
}

template <unsigned Decimals>
char* put_reading(char* at, std::int32_t reading) {
  constexpr std::uint32_t kScale = Decimals == 2 ? 100 : 10;
  if (reading < 0) {
    *at++ = '-';
    reading = reading == kMinusZero ? 0 : -reading;
  }
  const auto number = static_cast<std::uint32_t>(reading);
  const std::uint32_t whole = number / kScale;
  if (whole < 10) {
    *at++ = static_cast<char>('0' + whole);
  } else {
    at = std::to_chars(at, at + 10, whole).ptr;
  }
  *at++ = '.';
  if constexpr (Decimals == 2) return put_two(at, number % kScale);
  *at++ = static_cast<char>('0' + number % kScale);
  return at;
}

}  // namespace

std::string header_text(const LoggerPlan& plan) {
  std::string text;
  if (plan.dialect == Dialect::wrapped) {
    text += kHeaderBlock;
    text += plan.phases == 3 ? "Tri" : "Mono";
    text += kDataBlock;
  }
  text += plan.serial;
  for (const ChannelPlan& channel : plan.channels) (text += '\t') += channel.serial;
  text += plan.dialect == Dialect::wrapped ? "\nMV_T302_V003" : "\nMV_T302_V002";
  for (const ChannelPlan& channel : plan.channels) (text += '\t') += channel.title;
  text += '\n';
  return text;
}

std::string_view footer_text(Dialect dialect) noexcept { return dialect == Dialect::wrapped ? "END_DATA\n" : ""; }

std::string file_name(Dialect dialect, std::int64_t local_s) {
  const auto date = date_of(local_s / kDay_s);
  const std::int64_t second = local_s % kDay_s;
  return fmt::format("T302_{:02}{:02}{:02}_{:02}{:02}{:02}{}.tsv", static_cast<int>(date.year()) % 100,
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), second / 3600,
                     second / 60 % 60, second % 60, dialect == Dialect::wrapped ? "_UTC" : "");
}

char* RowText::put_stamp(char* at, std::int64_t stamp_s) {
  const std::int64_t day = stamp_s / kDay_s;
  if (day != day_) {
    const auto date = date_of(day);
    char* to = put_two(date_, static_cast<unsigned>(date.day()));
    *to++ = '/';
    to = put_two(to, static_cast<unsigned>(date.month()));
    *to++ = '/';
    to = put_two(to, static_cast<unsigned>(static_cast<int>(date.year()) % 100));
    *to = ' ';
    day_ = day;
  }
  std::memcpy(at, date_, sizeof date_);
  at += sizeof date_;
  const auto second = static_cast<unsigned>(stamp_s % kDay_s);
  at = put_two(at, second / 3600);
  *at++ = ':';
  at = put_two(at, second / 60 % 60);
  *at++ = ':';
  return put_two(at, second % 60);
}

void RowText::append_measured(std::string& text, std::int64_t stamp_s, std::span<const std::int32_t> cells) {
  PV_CHECK(cells.size() == columns_);
  const std::size_t before = text.size();
  text.resize(before + kStampBytes + columns_ * kCellBytes + 1);
  char* at = put_stamp(text.data() + before, stamp_s);
  for (std::size_t column = 0; column < columns_; ++column) {
    *at++ = '\t';
    at = column < voltages_ ? put_reading<2>(at, cells[column]) : put_reading<1>(at, cells[column]);
  }
  *at++ = '\n';
  text.resize(static_cast<std::size_t>(at - text.data()));
}

void RowText::append_restart(std::string& text, std::int64_t stamp_s) {
  std::array<char, kStampBytes> stamp;
  put_stamp(stamp.data(), stamp_s);
  text.append(stamp.data(), stamp.size());
  for (std::size_t column = 0; column < columns_; ++column) text += "\t0";
  text += '\n';
}

}  // namespace pv::fleet
