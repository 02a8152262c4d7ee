#pragma once
/// How `ls -l` shows a file: people read it, and some clients take it apart.
///   Times are in UTC, with the year instead of the hour when they are more than half a year away.
///   Threads: no state; safe.

#include <cstdint>
#include <string>
#include <string_view>

#include "sftp/jail.h"

namespace pv::sftp {

/// st_mode of what is seen.
[[nodiscard]] std::uint32_t mode_of(const Seen& seen) noexcept;

/// "-rw-r-----    1 powerview powerview       34713 Mar 09 04:00 T302_123456_1.tsv"; `now_s` is seconds since 1970, UTC.
[[nodiscard]] std::string listing_line(std::string_view name, const Seen& seen, std::int64_t now_s);

}  // namespace pv::sftp
