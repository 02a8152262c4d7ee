#include "tsv/header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "model/names.h"

namespace pv::tsv {
namespace {

constexpr std::array<std::string_view, 2> kFormats = {"MV_T302_V002", "MV_T302_V003"};
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMaxNestedValues = 64;

using Rejected = tl::unexpected<Rejection>;

Rejected reject(RejectReason reason, std::uint32_t line, std::string message) {
  return Rejected(Rejection{reason, line, std::move(message)});
}

/// Text of the file for a message: short, and printable.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 64)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  if (!model::is_valid_utf8(out)) {
    for (char& c : out) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return out;
}

bool is_known_format(std::string_view name, std::span<const std::string> extra_formats) noexcept {
  return std::find(kFormats.begin(), kFormats.end(), name) != kFormats.end() ||
         std::find(extra_formats.begin(), extra_formats.end(), name) != extra_formats.end();
}

bool is_word(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
  });
}

std::string latin1_as_utf8(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

bool has_control_bytes(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

/// The next line that is not blank, checked as a line of a header.
tl::expected<Line, Rejection> header_line(Lines& lines) {
  for (;;) {
    if (lines.at_end()) return reject(RejectReason::incomplete_header, lines.number(), "the file ends before its header does");
    const std::string_view rest = lines.rest();
    if (rest.size() > kMaxHeaderLineBytes && std::memchr(rest.data(), '\n', kMaxHeaderLineBytes + 1) == nullptr) {
      return reject(RejectReason::line_too_long, lines.number(),
                    fmt::format("a header line is longer than {} bytes", kMaxHeaderLineBytes));
    }
    const Line line = lines.peek();
    lines.skip(line);
    if (has_control_bytes(line.text)) {
      return reject(RejectReason::not_text, line.number, "the header holds NUL or other control bytes; this is no logger file");
    }
    if (!line.text.empty()) return line;
  }
}

std::string meta_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string meta_value(const Header& header, std::string_view key) {
  for (const auto& [name, value] : header.meta) {
    if (name == key) return value;
  }
  return {};
}

std::optional<Rejection> parse_block(Header& header, std::uint32_t line) {
  if (!model::is_valid_utf8(header.block)) header.block = latin1_as_utf8(header.block);
  const auto nested = std::count_if(header.block.begin(), header.block.end(), [](char c) { return c == '{' || c == '['; });
  const nlohmann::json json = nested > static_cast<std::ptrdiff_t>(kMaxNestedValues)
                                  ? nlohmann::json(nlohmann::json::value_t::discarded)
                                  : nlohmann::json::parse(header.block, nullptr, false);
  if (!json.is_object()) {
    return Rejection{RejectReason::bad_header_block, line,
                     fmt::format("between START_HEADER and END_HEADER stands no JSON object: {}", shown(header.block))};
  }
  for (const auto& [key, value] : json.items()) header.meta.emplace_back(key, meta_text(value));
  header.time_settings = meta_value(header, "DataTimeSettings");
  header.zone_name = meta_value(header, "TimeZoneName");
  header.zone_posix = meta_value(header, "TimeZone");
  const std::string type = meta_value(header, "MasterType");
  if (type == "Tri" || type == "tri" || type == "TRI") header.master_type = MasterType::tri;
  if (type == "Mono" || type == "mono" || type == "MONO") header.master_type = MasterType::mono;
  return std::nullopt;
}

/// Reads from behind START_HEADER to the line before the serial row.
std::optional<Rejection> read_block(Lines& lines, Header& header) {
  header.layout = Layout::wrapped;
  const std::uint32_t first = lines.number();
  for (;;) {
    const auto line = header_line(lines);
    if (!line) return line.error();
    if (line->text == "END_HEADER" && line->ended) break;
    if (line->text.ends_with("START_HEADER")) {  // an upload resumed inside its header
      header.block.clear();
      continue;
    }
    if (header.block.size() + line->text.size() > kMaxHeaderBlockBytes) {
      return Rejection{RejectReason::bad_header_block, line->number,
                       fmt::format("the header block is longer than {} bytes", kMaxHeaderBlockBytes)};
    }
    if (!line->ended) return Rejection{RejectReason::incomplete_header, line->number, "the file ends inside its header block"};
    if (!header.block.empty()) header.block += '\n';
    header.block += line->text;
  }
  if (auto rejected = parse_block(header, first)) return rejected;
  Lines ahead = lines;
  const auto line = header_line(ahead);
  if (line && line->text == "START_DATA") lines = ahead;
  return std::nullopt;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  fields.reserve(64);
  Fields walk(line);
  std::string_view field;
  while (fields.size() <= 2 * kMaxColumns + 2 && walk.next(field)) fields.push_back(field);
  return fields;
}

/// Takes the remains of a cut row off the front of a serial row that was appended behind it.
void take_cut_row_off(std::vector<std::string_view>& serials, std::size_t wanted, std::string_view known_master, Header& header) {
  if (known_master.empty() || serials.size() < wanted) return;
  const bool longer = serials.size() > wanted;
  if (longer) serials.erase(serials.begin(), serials.end() - static_cast<std::ptrdiff_t>(wanted));
  std::string_view& first = serials.front();
  for (const std::string_view serial : {known_master, wanted > 1 ? serials[1] : known_master}) {
    if (!first.ends_with(serial)) continue;
    if (longer || first.size() > serial.size()) header.start = Header::Start::behind_a_cut_row;
    first = serial;
    return;
  }
}

/// "Ph 1 V" -> "Ph 1", "V".
void split_title(std::string_view title, model::Channel& channel) {
  const std::size_t space = title.rfind(' ');
  const bool valid = model::is_valid_utf8(title);  // as a whole: half a title may look valid by chance
  const auto text = [&](std::string_view part) { return valid ? std::string(part) : latin1_as_utf8(part); };
  channel.name = text(title.substr(0, space));
  if (space != std::string_view::npos) channel.unit = text(title.substr(space + 1));
}

MasterType type_by_names(const std::vector<model::Channel>& channels) {
  const auto has = [&](std::string_view name) {
    return std::any_of(channels.begin(), channels.end(), [&](const model::Channel& c) { return c.name == name; });
  };
  return has("Ph 1") && has("Ph 2") && has("Ph 3") ? MasterType::tri : MasterType::mono;
}

/// U1 (mono) or U1 U2 U3 (tri), then Ch1, Ch2, … for the master; Ch1, Ch2, … for each slave.
void label_channels(Header& header) {
  const unsigned voltages = header.master_type == MasterType::tri ? 3 : 1;
  const auto subtype = header.master_type == MasterType::tri ? model::DeviceSubtype::tri : model::DeviceSubtype::mono;
  unsigned of_master = 0;
  std::unordered_map<std::string_view, unsigned> of_slaves;
  std::pair<const std::string_view, unsigned>* slave = nullptr;  // of the column before: columns of a device stand together
  for (model::Channel& channel : header.channels) {
    if (channel.device_sn == header.master_sn) {
      channel.subtype = subtype;
      const unsigned at = ++of_master;
      channel.label = at <= voltages ? "U" + std::to_string(at) : "Ch" + std::to_string(at - voltages);
    } else {
      channel.type = model::DeviceType::slave;
      if (slave == nullptr || slave->first != channel.device_sn) slave = &*of_slaves.try_emplace(channel.device_sn, 0U).first;
      channel.label = "Ch" + std::to_string(++slave->second);
    }
  }
}

std::optional<Rejection> check_unique(const Header& header, std::uint32_t line) {
  // Underscores part a field name; without one in a serial number, no two columns can read the same.
  const bool plain = std::none_of(header.channels.begin(), header.channels.end(), [](const model::Channel& c) {
    return c.device_sn.find('_') != std::string::npos;
  });
  if (plain && header.master_sn.find('_') == std::string::npos) return std::nullopt;
  for (const auto style : {model::ChannelIdStyle::device_first, model::ChannelIdStyle::master_first}) {
    std::set<std::string> seen;
    for (const model::Channel& channel : header.channels) {
      std::string field = model::field_name(channel, style);
      if (!seen.insert(field).second) {
        return Rejection{RejectReason::duplicate_channel, line, fmt::format("two columns would both be called {}", shown(field))};
      }
    }
  }
  return std::nullopt;
}

std::optional<Rejection> build_channels(Header& header, const std::vector<std::string_view>& serials,
                                        const std::vector<std::string_view>& titles, const Line& serial_row) {
  for (std::size_t i = 0; i < serials.size(); ++i) {
    if (i > 0 && serials[i] == serials[i - 1]) continue;
    if (!model::SerialNumber::parse(serials[i])) {
      return Rejection{RejectReason::bad_serial, serial_row.number,
                       fmt::format("field {}: '{}' is no serial number", i + 1, shown(serials[i]))};
    }
  }
  header.master_sn = serials.front();
  header.channels.resize(titles.size() - 1);
  for (std::size_t i = 0; i < header.channels.size(); ++i) {
    header.channels[i].master_sn = header.master_sn;
    header.channels[i].device_sn = serials[i + 1];
    split_title(titles[i + 1], header.channels[i]);
  }
  if (header.master_type == MasterType::unknown) header.master_type = type_by_names(header.channels);
  label_channels(header);
  return check_unique(header, serial_row.number);
}

/// What a first line is that no title row follows.
Rejection no_header(const Line& line) {
  constexpr std::string_view kBlock = "START_HEADER";
  const std::string_view first = line.text.substr(0, line.text.find('\t'));
  if (!line.ended && (is_word(first) || kBlock.starts_with(line.text))) {
    return {RejectReason::incomplete_header, line.number, "the file ends before its header does"};
  }
  return {RejectReason::no_header, line.number,
          fmt::format("expected a row of serial numbers and a row of titles, found '{}'", shown(line.text))};
}

}  // namespace

bool is_title_row(std::string_view line, std::span<const std::string> extra_formats) noexcept {
  const auto* end = std::find_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  const std::string_view first = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  return is_known_format(first, extra_formats) || (first.starts_with("MV_") && is_word(first));
}

tl::expected<Header, Rejection> read_header(Lines& lines, std::span<const std::string> extra_formats, std::string_view known_master) {
  Header header;
  if (lines.rest().starts_with(kByteOrderMark)) lines.move_to(lines.offset() + kByteOrderMark.size(), lines.number());
  if (lines.rest().starts_with("\xff\xfe") || lines.rest().starts_with("\xfe\xff")) {
    return reject(RejectReason::not_text, 1, "the file is UTF-16; a logger writes one byte a character");
  }
  auto serial_row = header_line(lines);
  if (!serial_row) return Rejected(serial_row.error());
  if (serial_row->text.ends_with("START_HEADER") && (serial_row->ended || !known_master.empty())) {
    if (serial_row->text.size() > std::strlen("START_HEADER")) {
      if (known_master.empty()) return Rejected(no_header(*serial_row));
      header.start = Header::Start::behind_a_cut_row;
    }
    if (auto rejected = read_block(lines, header)) return Rejected(*rejected);
    serial_row = header_line(lines);
    if (!serial_row) return Rejected(serial_row.error());
  }
  if (!serial_row->ended || lines.at_end()) return Rejected(no_header(Line{serial_row->text, 0, serial_row->number, false}));
  const auto title_row = header_line(lines);
  if (!title_row) return Rejected(title_row.error());

  const std::vector<std::string_view> titles = split(title_row->text);
  if (!title_row->ended) return reject(RejectReason::incomplete_header, title_row->number, "the file ends inside its title row");
  header.format = titles.front();
  if (!is_known_format(titles.front(), extra_formats)) {
    if (!is_word(titles.front())) return Rejected(no_header(*serial_row));
    return reject(RejectReason::unsupported_format, title_row->number, fmt::format("unsupported format {}", shown(titles.front())));
  }
  std::vector<std::string_view> serials = split(serial_row->text);
  if (titles.size() - 1 > kMaxColumns || (known_master.empty() && serials.size() - 1 > kMaxColumns)) {
    return reject(RejectReason::too_many_columns, title_row->number, fmt::format("more than {} columns", kMaxColumns));
  }
  take_cut_row_off(serials, titles.size(), known_master, header);
  if (serials.size() != titles.size() || titles.size() < 2) {
    return reject(RejectReason::header_mismatch, title_row->number,
                  fmt::format("the serial row has {} fields and the title row {}; they must agree and name a channel",
                              serials.size(), titles.size()));
  }
  if (auto rejected = build_channels(header, serials, titles, *serial_row)) return Rejected(*rejected);
  return header;
}

}  // namespace pv::tsv
