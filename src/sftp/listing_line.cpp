#include "sftp/listing_line.h"

#include <sys/stat.h>

#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

namespace pv::sftp {

std::uint32_t mode_of(const Seen& seen) noexcept {
  const bool writes = seen.access == Seen::Access::read_write;
  if (seen.kind == Seen::Kind::folder) return S_IFDIR | (writes ? 0750u : 0550u);
  return S_IFREG | (writes ? 0640u : 0440u);
}

std::string listing_line(std::string_view name, const Seen& seen, std::int64_t now_s) {
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::int64_t kHalfYear = 182 * 86'400;
  const std::uint32_t mode = mode_of(seen);
  std::string rights = seen.kind == Seen::Kind::folder ? "d" : "-";
  for (unsigned bit = 0400; bit != 0; bit >>= 1) rights += (mode & bit) == 0 ? '-' : (bit & 0444) != 0 ? 'r' : (bit & 0222) != 0 ? 'w' : 'x';
  std::tm time{};
  const std::time_t modified = seen.modified_s;
  if (gmtime_r(&modified, &time) == nullptr) time = {};
  const std::string hour_or_year = std::abs(now_s - seen.modified_s) < kHalfYear ? fmt::format("{:02}:{:02}", time.tm_hour, time.tm_min)
                                                                                   : fmt::format("{:5}", time.tm_year + 1900);
  return fmt::format("{}    1 powerview powerview {:>11} {} {:02} {} {}", rights, seen.size, kMonths[time.tm_mon], time.tm_mday, hour_or_year, name);
}

}  // namespace pv::sftp
