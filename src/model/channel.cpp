#include "model/channel.h"

namespace pv::model {

std::string channel_id(const Channel& channel, ChannelIdStyle style) {
  const bool slave = channel.type == DeviceType::slave;
  if (style == ChannelIdStyle::master_first) {
    return slave ? "M" + channel.master_sn + "_S" + channel.device_sn + "_" + channel.label
                 : "M" + channel.master_sn + "_" + channel.label;
  }
  return (slave ? "S" : "M") + channel.device_sn + "_" + channel.label + "_M" + channel.master_sn;
}

std::string field_name(const Channel& channel, ChannelIdStyle style) {
  std::string field = channel_id(channel, style);
  if (!channel.unit.empty()) field += "_" + channel.unit;
  return field;
}

const char* to_string(DeviceType type) noexcept { return type == DeviceType::master ? "master" : "slave"; }

const char* to_string(DeviceSubtype subtype) noexcept {
  switch (subtype) {
    case DeviceSubtype::none: return "";
    case DeviceSubtype::mono: return "mono";
    case DeviceSubtype::tri: return "tri";
  }
  return "";
}

double watts_per_unit(const std::string& unit) noexcept {
  if (unit == "W") return 1.0;
  if (unit == "kW") return 1e3;
  if (unit == "MW") return 1e6;
  return 0.0;
}

}  // namespace pv::model
