#pragma once
/// A channel: one physical quantity that a logger measures. Its field name is its identity within a campaign.

#include <cstdint>
#include <string>

namespace pv::model {

enum class DeviceType : std::uint8_t { master, slave };
enum class DeviceSubtype : std::uint8_t { none, mono, tri };  // masters only

/// `device_first` is what the documented dashboards use.
enum class ChannelIdStyle : std::uint8_t { device_first, master_first };

struct Channel {
  std::string master_sn;  // the logger: first serial of the file's serial row
  std::string device_sn;  // the device behind this column; equals master_sn for a master's channel
  std::string label;      // "U1".."U3", "Ch1", "Ch2", … counted by device
  std::string name;       // title without its unit: "Ph 1"; valid UTF-8
  std::string unit;       // "V", "W"; may be empty
  DeviceType type = DeviceType::master;
  DeviceSubtype subtype = DeviceSubtype::none;

  bool operator==(const Channel&) const = default;
};

/// device_first: "M<sn>_<label>_M<master>" or "S<sn>_<label>_M<master>";
/// master_first: "M<master>_<label>" or "M<master>_S<sn>_<label>".
[[nodiscard]] std::string channel_id(const Channel& channel, ChannelIdStyle style);

/// "<channel_id>_<unit>"; the channel_id alone when there is no unit.
[[nodiscard]] std::string field_name(const Channel& channel, ChannelIdStyle style);

[[nodiscard]] const char* to_string(DeviceType type) noexcept;
[[nodiscard]] const char* to_string(DeviceSubtype subtype) noexcept;  // "" for none

/// Watts in one unit of this channel ("W" 1, "kW" 1000, "MW" 1e6); 0 when the unit is no active power.
[[nodiscard]] double watts_per_unit(const std::string& unit) noexcept;

}  // namespace pv::model
