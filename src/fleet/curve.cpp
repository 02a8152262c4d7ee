#include "fleet/curve.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pv::fleet {
namespace {

struct Range {
  std::int32_t from;
  std::int32_t width;
};

struct Size {
  Range idle;
  Range peak;
};

/// Tenths of a watt, in the order of Load.
constexpr std::array<Size, 16> kSizes = {{
    {{0, 0}, {0, 0}},               // voltage
    {{0, 3}, {0, 0}},               // unused
    {{22, 660}, {0, 0}},            // standby
    {{-58, 58}, {0, 0}},            // offset
    {{8, 40}, {900, 2400}},         // fridge
    {{300, 1500}, {3000, 12000}},   // office
    {{0, 0}, {1500, 9000}},         // lighting
    {{0, 0}, {800, 4000}},          // outdoor
    {{0, 0}, {22000, 45000}},       // compressor
    {{0, 0}, {12000, 14000}},       // boiler
    {{0, 0}, {8000, 60000}},        // machine
    {{0, 0}, {15000, 45000}},       // heating
    {{150, 1400}, {0, 0}},          // ventilation
    {{150, 1400}, {0, 0}},          // reversed
    {{-9, 8}, {30000, 120000}},     // solar
    {{500, 2000}, {2500, 25000}},   // mains
}};

std::int32_t draw(Random& random, Range range) { return range.from + random.below(range.width + 1); }

std::int32_t part(std::int64_t whole, std::int32_t share) { return static_cast<std::int32_t>(whole * share / kOne); }

}  // namespace

Curve::Curve(Load load, std::uint64_t seed) : load_(load), random_(seed) {
  const Size& size = kSizes[static_cast<std::size_t>(load)];
  idle_ = draw(random_, size.idle);
  peak_ = draw(random_, size.peak);
  if (load == Load::voltage) {
    idle_ = random_.noise(90);  // phases differ
  } else {
    level_ = idle_;
  }
}

bool Curve::cycles(const Site& site, std::int32_t on_s, std::int32_t off_s) {
  const std::int64_t now_s = site.now().utc_s;
  if (now_s >= switches_s_) {
    on_ = !on_;
    const std::int32_t lasts_s = on_ ? on_s : off_s;
    switches_s_ = now_s + lasts_s / 2 + random_.below(lasts_s);
  }
  return on_;
}

std::int32_t Curve::around(std::int32_t value, std::int32_t share) {
  return value + random_.noise(value / share + 1);
}

std::int32_t Curve::read_voltage(const Site& site) {
  if (site.now().new_slot) level_ += random_.noise(25) - level_ / 12;
  return std::clamp(site.grid() + idle_ + level_ + random_.noise(12), 22'000, 25'800);
}

std::int32_t Curve::read_offset(const Site& site) {
  if (site.now().new_slot && random_.one_in(2)) level_ = idle_ + random_.noise(2);
  return level_ < 0 ? level_ : kMinusZero;
}

std::int32_t Curve::read_office(const Site& site) {
  if (site.activity() < 20) {
    if (site.now().new_slot && random_.one_in(4)) level_ = idle_ + random_.noise(3);
    return level_;
  }
  return idle_ + around(part(peak_, site.activity()), 10);
}

std::int32_t Curve::read_boiler(const Site& site) {
  constexpr std::int32_t kCheapFrom = 22 * 3600 + 1800;
  constexpr std::int32_t kCheapTo = 6 * 3600 + 1800;
  const Moment& now = site.now();
  const bool cheap = now.local_second >= kCheapFrom || now.local_second < kCheapTo;
  if (!cheap) {
    on_ = false;
    return 0;
  }
  if (!on_) {
    on_ = true;
    switches_s_ = now.utc_s + 7200 + random_.below(12'600);  // until the water is hot
  }
  return now.utc_s < switches_s_ ? around(peak_, 200) : 0;
}

std::int32_t Curve::read_heating(const Site& site) {
  const std::int32_t cold = kOne - site.now().summer;
  const std::int32_t wanted = part(cold, site.activity() > 100 ? kOne : kOne / 2);
  if (wanted < 250) return 0;
  return cycles(site, 600 + 3 * wanted, 4200 - 3 * wanted) ? around(peak_, 60) : 0;
}

std::int32_t Curve::read_solar(const Site& site) {
  const Moment& now = site.now();
  if (now.is_night()) {
    if (now.new_slot && random_.one_in(4)) level_ = idle_ + random_.noise(1);
    return level_ < 0 ? level_ : kMinusZero;
  }
  const std::int32_t height = 4 * now.sun * (kOne - now.sun) / kOne;
  const std::int32_t clear = part(height, (height + kOne) / 2);
  const std::int32_t season = 400 + part(624, now.summer);
  const std::int32_t power = part(part(part(peak_, clear), season), site.sky());
  return std::min(-1, idle_ - around(power, 40));
}

std::int32_t Curve::read(const Site& site) {
  const Moment& now = site.now();
  const bool busy = site.activity() > 120;
  switch (load_) {
    case Load::voltage: return read_voltage(site);
    case Load::unused: return idle_ == 0 && random_.one_in(40) ? kMinusZero : 0;
    case Load::standby:
      if (now.new_slot && random_.one_in(2)) level_ = idle_ + random_.noise(2);
      return level_;
    case Load::offset: return read_offset(site);
    case Load::fridge: return cycles(site, 1500, 2700) ? around(peak_, 50) : idle_;
    case Load::office: return read_office(site);
    case Load::lighting:
      return busy && (now.sun < 220 || now.sun > 800 || site.sky() < 400) ? around(part(peak_, 512 + site.activity() / 2), 300)
                                                                         : 0;
    case Load::outdoor: {
      const bool evening = now.sun >= kOne && now.local_second >= 12 * 3600 && now.local_second < 23 * 3600 + 900;
      const bool morning = now.sun <= 0 && now.local_second >= 6 * 3600 && now.local_second < 12 * 3600;
      return evening || morning ? around(peak_, 400) : 0;
    }
    case Load::compressor: return busy && cycles(site, 900, 900) ? around(peak_, 40) : 0;
    case Load::boiler: return read_boiler(site);
    case Load::machine: return busy && cycles(site, 2400, 1200) ? around(part(peak_, 300 + random_.below(700)), 20) : 0;
    case Load::heating: return read_heating(site);
    case Load::ventilation: return around(idle_, 60);
    case Load::reversed: return -around(idle_, 60);
    case Load::solar: return read_solar(site);
    case Load::mains: return around(idle_ + part(peak_, site.activity()), 12);
  }
  return 0;
}

}  // namespace pv::fleet
