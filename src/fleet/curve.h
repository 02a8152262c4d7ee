#pragma once
/// One channel's readings, as integers: hundredths of a volt, tenths of a watt.

#include <cstdint>
#include <limits>

#include "fleet/random.h"
#include "fleet/site.h"

namespace pv::fleet {

/// What hangs behind a channel.
enum class Load : std::uint8_t {
  voltage,
  unused,       // an input without a clamp: exactly 0.0
  standby,      // hardly ever moves
  offset,       // a clamp around nothing: a few tenths below zero
  fridge,       // duty cycle, day and night
  office,       // follows the people
  lighting,     // on while people are there and the sun is low; else 0.0
  outdoor,      // on between dusk and late evening, and before dawn
  compressor,   // duty cycle while people are there
  boiler,       // a few hours of the night
  machine,      // bursts while people are there
  heating,      // winter, thermostat
  ventilation,  // always on, always moving
  reversed,     // always on, clamp the wrong way round: negative
  solar,        // feeds in: negative by day
  mains,        // its feeders and a rest that no feeder measures
};

/// How a reading of "-0.0" travels among the integers.
inline constexpr std::int32_t kMinusZero = std::numeric_limits<std::int32_t>::min();

class Curve {
 public:
  Curve(Load load, std::uint64_t seed);

  [[nodiscard]] Load load() const noexcept { return load_; }
  /// The reading at site.now(); kMinusZero for "-0.0". For mains: the rest only.
  [[nodiscard]] std::int32_t read(const Site& site);

 private:
  [[nodiscard]] std::int32_t read_voltage(const Site& site);
  [[nodiscard]] std::int32_t read_offset(const Site& site);
  [[nodiscard]] std::int32_t read_office(const Site& site);
  [[nodiscard]] std::int32_t read_boiler(const Site& site);
  [[nodiscard]] std::int32_t read_heating(const Site& site);
  [[nodiscard]] std::int32_t read_solar(const Site& site);
  /// A thing that goes on and off by itself.
  [[nodiscard]] bool cycles(const Site& site, std::int32_t on_s, std::int32_t off_s);
  [[nodiscard]] std::int32_t around(std::int32_t value, std::int32_t share);

  Load load_;
  Random random_;
  std::int32_t idle_ = 0;  // reading when nothing happens
  std::int32_t peak_ = 0;  // reading when everything does
  std::int32_t level_ = 0;
  std::int64_t switches_s_ = 0;
  bool on_ = false;
};

}  // namespace pv::fleet
