#include "victoria/labels.h"

#include <algorithm>

namespace pv::victoria {
namespace {

constexpr std::string_view kAsideMeasurement = "powerview_aside";
constexpr std::size_t kLongestText = 4096;  // of a label that a logger file gave

/// VictoriaMetrics takes a backslash before comma, equals sign, space and backslash off again, and before nothing else.
void append_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';  // no name holds one; a line must not
    if (c == ',' || c == '=' || c == ' ' || c == '\\') out += '\\';
    out += c;
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ',';
  out += name;
  out += '=';
  append_escaped(out, value);
}

/// A quotation mark in a field's name would open a string that swallows the rest of the line.
std::string field_key(std::string name) {
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '"' || static_cast<unsigned char>(c) < 0x20; }, '_');
  std::string key;
  append_escaped(key, name);
  return key;
}

std::string head_of(std::string_view measurement, const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn) {
  std::string head(measurement);
  append_label(head, "db", tenant.str());
  append_label(head, "campaign", campaign.str());
  append_label(head, "device_master_sn", logger_sn);
  return head;
}

}  // namespace

std::string_view label(const Labels& labels, std::string_view name) noexcept {
  const auto found = std::find_if(labels.begin(), labels.end(), [name](const auto& one) { return one.first == name; });
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<model::Channel> channel_of(const Labels& labels) {
  model::Channel channel;
  channel.master_sn = label(labels, "device_master_sn");
  channel.device_sn = label(labels, "device_sn");
  channel.label = label(labels, "channel_label");
  channel.name = label(labels, "channel_name");
  channel.unit = label(labels, "channel_unit");
  if (!model::SerialNumber::parse(channel.master_sn) || !model::SerialNumber::parse(channel.device_sn)) return std::nullopt;
  if (channel.label.empty() || channel.label.size() > 32 || channel.name.size() > kLongestText || channel.unit.size() > kLongestText) {
    return std::nullopt;
  }
  for (const std::string* text : {&channel.label, &channel.name, &channel.unit}) {
    if (!model::is_valid_utf8(*text)) return std::nullopt;
  }
  channel.type = label(labels, "device_type") == to_string(model::DeviceType::slave) ? model::DeviceType::slave : model::DeviceType::master;
  for (const model::DeviceSubtype subtype : {model::DeviceSubtype::mono, model::DeviceSubtype::tri}) {
    if (label(labels, "device_subtype") == to_string(subtype)) channel.subtype = subtype;
  }
  return channel;
}

std::string field_of(const model::Channel& channel) { return field_name(channel, model::ChannelIdStyle::device_first); }

std::string line_head(const model::TenantName& tenant, const model::CampaignName& campaign, const model::Channel& channel,
                      model::ChannelIdStyle style, Shelf shelf) {
  std::string head = head_of(shelf == Shelf::open ? "electrical" : kAsideMeasurement, tenant, campaign, channel.master_sn);
  append_label(head, "channel_id", channel_id(channel, style));
  append_label(head, "channel_unit", channel.unit);
  append_label(head, "channel_label", channel.label);
  append_label(head, "channel_name", channel.name);
  append_label(head, "device", "MV2");
  append_label(head, "device_type", to_string(channel.type));
  append_label(head, "device_subtype", to_string(channel.subtype));
  append_label(head, "device_sn", channel.device_sn);
  return head + ' ' + field_key(field_name(channel, style)) + '=';
}

std::string event_head(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn, Shelf shelf) {
  return head_of(shelf == Shelf::open ? "logger_event" : kAsideMeasurement, tenant, campaign, logger_sn) + " restart=";
}

std::string note_head(const model::TenantName& tenant, std::string_view field) {
  std::string head = "powerview";
  append_label(head, "db", tenant.str());
  return head + ' ' + field_key(std::string(field)) + '=';
}

std::string note_head(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn, std::string_view field) {
  return head_of("powerview", tenant, campaign, logger_sn) + ' ' + field_key(std::string(field)) + '=';
}

Selector::Selector(const model::TenantName& tenant) : text_("{") {
  equals("db", tenant.str());
}

Selector& Selector::equals(std::string_view name, std::string_view value) & {
  if (text_.size() > 1) text_ += ',';
  text_ += name;
  text_ += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') text_ += '\\';
    if (c == '\n') {
      text_ += "\\n";
    } else {
      text_ += c;
    }
  }
  text_ += '"';
  return *this;
}

Selector& Selector::channels(Shelf shelf) & {
  // The first letter of a channel's field is M or S; that of an event's is r.
  text_ += shelf == Shelf::open ? ",__name__=~\"electrical_.+\"" : ",__name__=~\"powerview_aside_[MS].+\"";
  return *this;
}

Selector& Selector::channel(const model::Channel& one, Shelf shelf) & {
  equals("device_sn", one.device_sn).equals("channel_label", one.label).equals("channel_unit", one.unit).equals("device_type", to_string(one.type));
  return channels(shelf);
}

Selector& Selector::events(Shelf shelf) & { return equals("__name__", shelf == Shelf::open ? kRestartMetric : kRestartAsideMetric); }

Selector& Selector::changes() & {
  text_ += ",__name__=~\"powerview_generation|powerview_changed\"";
  return *this;
}

Selector& Selector::all_aside() & {
  text_ += ",__name__=~\"powerview_aside_.+\"";
  return *this;
}

Selector& Selector::channels_and_events() & {
  text_ += ",__name__=~\"electrical_.+|logger_event_restart\"";
  return *this;
}

}  // namespace pv::victoria
