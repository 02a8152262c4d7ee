#pragma once
/// A time zone: what local clocks show at an instant, and which instants a local time may mean.
/// Zones come from the system's tz database (IANA names) or from a POSIX string as loggers write it.
/// Threads: immutable after construction; safe to share. Copies are cheap.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pv::model {

class Zone {
 public:
  /// The offset from UTC that holds for every instant in [begin_s, end_s).
  struct Offset {
    std::int64_t begin_s;
    std::int64_t end_s;
    std::int32_t offset_s;  // local = UTC + offset
  };

  enum class LocalKind : std::uint8_t { unique, repeated, skipped };

  /// What a local time means. unique: earlier_s == later_s. repeated (clock set back): both instants.
  /// skipped (clock set forward): both are the instant of the change.
  struct Instants {
    LocalKind kind;
    std::int64_t earlier_s;
    std::int64_t later_s;
  };

  [[nodiscard]] static Zone utc();
  /// "Europe/Paris", "UTC". Errors: not_found, naming the zone.
  [[nodiscard]] static Result<Zone> from_name(std::string_view iana_name);
  /// "CET-1CEST,M3.5.0,M10.5.0/3". Errors: invalid_input.
  [[nodiscard]] static Result<Zone> from_posix(std::string_view posix);

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] bool is_utc() const noexcept;
  [[nodiscard]] Offset offset_at(std::int64_t utc_s) const;
  /// `local_s`: seconds since 1970-01-01 00:00:00 on the local clock.
  [[nodiscard]] Instants to_utc(std::int64_t local_s) const;

 private:
  struct Rules;
  explicit Zone(std::shared_ptr<const Rules> rules);
  std::shared_ptr<const Rules> rules_;
};

}  // namespace pv::model
