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
#include "tsv/printable.h"

namespace pv::tsv {
namespace {

constexpr std::array<std::string_view, 2> kFormats = {"MV_T302_V002", "MV_T302_V003"};
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kMaxNestedValues = 64;
/// Of a line: a serial row behind the remains of another line.
constexpr std::size_t kMaxFields = 2 * (kMaxColumns + 1);

using Rejected = tl::unexpected<Rejection>;

Rejected reject(RejectReason reason, std::uint32_t line, std::string message) {
  return Rejected(Rejection{reason, line, std::move(message)});
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

struct HeaderLine : Line {
  bool behind_remains = false;  // of a cut line; they are off the text
};

/// The next line that is not blank, checked as a line of a header.
tl::expected<HeaderLine, Rejection> header_line(Lines& lines) {
  for (;;) {
    if (lines.at_end()) return reject(RejectReason::incomplete_header, lines.number(), "the file ends before its header does");
    const std::string_view rest = lines.rest();
    const bool too_long = rest.size() > kMaxHeaderLineBytes && std::memchr(rest.data(), '\n', kMaxHeaderLineBytes + 1) == nullptr;
    HeaderLine line{lines.peek()};
    lines.skip(line);
    if (too_long) {
      return reject(RejectReason::line_too_long, line.number, fmt::format("a header line is longer than {} bytes", kMaxHeaderLineBytes));
    }
    std::size_t begin = 0;
    if (line.text.ends_with(kBlockBegin)) {
      begin = line.text.size() - kBlockBegin.size();
    } else if (has_control_bytes(line.text)) {
      if (!line.text.ends_with('\r')) begin = line.text.rfind('\r') + 1;  // cut between CR and LF
      if (has_control_bytes(line.text.substr(begin))) {
        return reject(RejectReason::not_text, line.number, "the header holds NUL or other control bytes; this is no logger file");
      }
    }
    line.behind_remains = begin > 0;
    line.text.remove_prefix(begin);
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

bool is_utc(std::string_view settings) noexcept {
  return settings.size() == 3 && (settings[0] | 0x20) == 'u' && (settings[1] | 0x20) == 't' && (settings[2] | 0x20) == 'c';
}

std::optional<Rejection> parse_block(Header& header, std::uint32_t line) {
  if (!model::is_valid_utf8(header.block)) header.block = latin1_as_utf8(header.block);
  const auto nested = std::count_if(header.block.begin(), header.block.end(), [](char c) { return c == '{' || c == '['; });
  const nlohmann::json json = nested > static_cast<std::ptrdiff_t>(kMaxNestedValues)
                                  ? nlohmann::json(nlohmann::json::value_t::discarded)
                                  : nlohmann::json::parse(header.block, nullptr, false);
  if (!json.is_object()) {
    return Rejection{RejectReason::bad_header_block, line,
                     fmt::format("between START_HEADER and END_HEADER stands no JSON object: {}", printable(header.block))};
  }
  for (const auto& [key, value] : json.items()) header.meta.emplace_back(key, meta_text(value));
  BlockSettings settings;
  const std::string type = meta_value(header, "MasterType");
  if (type == "Tri" || type == "tri" || type == "TRI") settings.master_type = MasterType::tri;
  if (type == "Mono" || type == "mono" || type == "MONO") settings.master_type = MasterType::mono;
  const std::string stamps = meta_value(header, "DataTimeSettings");
  const std::string name = meta_value(header, "TimeZoneName");
  const std::string posix = meta_value(header, "TimeZone");
  if (auto named = model::Zone::from_name(name)) {
    settings.zone = std::move(*named);
  } else if (auto spelt = model::Zone::from_posix(posix)) {
    settings.zone = std::move(*spelt);
  }
  settings.stamps = is_utc(stamps) ? BlockSettings::Stamps::utc : BlockSettings::Stamps::zone;
  if (settings.stamps == BlockSettings::Stamps::zone && !settings.zone) {
    return Rejection{RejectReason::unknown_file_zone, line,
                     fmt::format("DataTimeSettings '{}' is not UTC, and neither TimeZoneName '{}' nor TimeZone '{}' is a known zone: correct "
                                 "the header block, or update this system's time zone database",
                                 printable(stamps), printable(name), printable(posix))};
  }
  header.settings = std::move(settings);
  return std::nullopt;
}

/// Reads from behind START_HEADER to the line before the serial row.
std::optional<Rejection> read_block(Lines& lines, Header& header) {
  header.settings.reset();
  header.meta.clear();
  header.block.clear();
  const std::uint32_t first = lines.number();
  for (;;) {
    const auto line = header_line(lines);
    if (!line) return line.error();
    if (line->text == "END_HEADER" && line->ended) break;
    if (line->text == kBlockBegin) {
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
  while (fields.size() <= kMaxFields && walk.next(field)) fields.push_back(field);
  return fields;
}

/// Takes the remains of a cut line off the front of the serial row that was appended behind it. Fields that do not tell
/// where the serial row begins stay as they are. `known_serial`: that it likely begins with; empty when nothing is known.
void take_remains_off(std::string_view row, std::vector<std::string_view>& serials, std::size_t wanted, std::string_view known_serial,
                      Header& header) {
  if (wanted < 2 || serials.size() < wanted) return;
  const std::size_t surplus = serials.size() - wanted;
  const std::string_view first = serials[surplus];
  const std::string_view second = serials[surplus + 1];
  std::size_t length = 0;  // of the first serial number
  if (!known_serial.empty()) {
    for (const std::string_view serial : {second, known_serial}) {
      if (first.ends_with(serial)) length = serial.size();
    }
  } else if (surplus > 0) {
    if (first.ends_with(serials.front())) length = serials.front().size();
  } else if (first.size() > second.size()) {
    length = second.size();  // the serial numbers of a logger and its slaves have one length
  }
  if (length == 0) return;
  const auto begin = static_cast<std::size_t>(first.data() - row.data()) + first.size() - length;
  std::string_view remains = row.substr(0, begin);
  if (remains.ends_with(kByteOrderMark)) remains.remove_suffix(kByteOrderMark.size());
  // The remains of a header are the beginning of what was sent again.
  if (known_serial.empty() && !row.substr(begin).starts_with(remains) && !kByteOrderMark.starts_with(remains)) return;
  if (begin > 0) header.start = Header::Start::behind_a_cut_row;
  serials.erase(serials.begin(), serials.begin() + static_cast<std::ptrdiff_t>(surplus));
  serials.front() = first.substr(first.size() - length);
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
        return Rejection{RejectReason::duplicate_channel, line, fmt::format("two columns would both be called {}", printable(field))};
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
                       fmt::format("field {}: '{}' is no serial number", i + 1, printable(serials[i]))};
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
  const std::string_view first = line.text.substr(0, line.text.find('\t'));
  if (!line.ended && (is_word(first) || kBlockBegin.starts_with(line.text))) {
    return {RejectReason::incomplete_header, line.number, "the file ends before its header does"};
  }
  return {RejectReason::no_header, line.number,
          fmt::format("expected a row of serial numbers and a row of titles, found '{}'", printable(line.text))};
}

struct TableHead {
  Line serials;
  Line titles;
};

void note_serial(const Line& serials, Earlier& earlier) {
  if (earlier.serial_seen.empty()) earlier.serial_seen = serials.text.substr(0, serials.text.find('\t'));
}

/// Reads the block, if there is one, and the two rows behind it.
tl::expected<TableHead, Rejection> read_table_head(Lines& lines, std::span<const std::string> extra_formats, Header& header, Earlier& earlier) {
  TableHead head;
  std::optional<Line> serials;
  for (bool first = true;; first = false) {
    const auto line = header_line(lines);
    if (!line) return Rejected(line.error());
    if (first && line->behind_remains) header.start = Header::Start::behind_a_cut_row;
    if (line->text == kBlockBegin) {
      earlier.has_block = true;
      earlier.settings.reset();
      if (auto rejected = read_block(lines, header)) return Rejected(*rejected);
      serials.reset();
      continue;
    }
    if (!serials) {
      serials = *line;
      if (!line->ended || lines.at_end()) return Rejected(no_header(Line{line->text, 0, line->number, false}));
      continue;
    }
    if (line->ended && is_title_row(lines.rest().substr(0, kTitleProbe), extra_formats)) {
      // This is a serial row too, alone or behind a cut title row: the upload was resumed here.
      note_serial(*serials, earlier);
      serials = *line;
      continue;
    }
    head.serials = *serials;
    head.titles = *line;
    return head;
  }
}

/// A table without a block in a file that has shown one.
std::optional<Rejection> check_inherited(const Header& header, const Earlier& earlier, std::uint32_t line) {
  if (!earlier.settings) {
    return Rejection{RejectReason::bad_header_block, line, "the header block before this table cannot be used, so its stamps have no zone"};
  }
  if (header.master_sn != earlier.master_sn) {
    return Rejection{RejectReason::bad_header_block, line,
                     fmt::format("the table of {} has no header block, and the one before it is of {}", header.master_sn, earlier.master_sn)};
  }
  return std::nullopt;
}

}  // namespace

bool is_title_row(std::string_view line, std::span<const std::string> extra_formats) noexcept {
  const auto* end = std::find_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  const std::string_view first = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  return is_known_format(first, extra_formats) || (first.starts_with("MV_") && is_word(first));
}

tl::expected<Header, Rejection> read_header(Lines& lines, std::span<const std::string> extra_formats, Earlier& earlier) {
  if (lines.rest().starts_with(kByteOrderMark)) lines.move_to(lines.offset() + kByteOrderMark.size(), lines.number());
  if (lines.rest().starts_with("\xff\xfe") || lines.rest().starts_with("\xfe\xff")) {
    lines.skip(lines.peek());
    return reject(RejectReason::not_text, 1, "the file is UTF-16; a logger writes one byte a character");
  }
  Header header;
  const auto head = read_table_head(lines, extra_formats, header, earlier);
  if (!head) return Rejected(head.error());
  const std::string known_serial = earlier.master_sn.empty() ? earlier.serial_seen : earlier.master_sn;
  note_serial(head->serials, earlier);
  const bool inherits = !header.settings && earlier.has_block;
  if (inherits) header.settings = earlier.settings;
  if (header.settings) header.master_type = header.settings->master_type;

  const std::vector<std::string_view> titles = split(head->titles.text);
  if (!head->titles.ended) return reject(RejectReason::incomplete_header, head->titles.number, "the file ends inside its title row");
  header.format = titles.front();
  if (!is_known_format(titles.front(), extra_formats)) {
    if (!is_word(titles.front())) return Rejected(no_header(head->serials));
    return reject(RejectReason::unsupported_format, head->titles.number, fmt::format("unsupported format {}", printable(titles.front())));
  }
  std::vector<std::string_view> serials = split(head->serials.text);
  if (titles.size() - 1 > kMaxColumns || serials.size() > kMaxFields) {
    return reject(RejectReason::too_many_columns, head->titles.number, fmt::format("more than {} columns", kMaxColumns));
  }
  take_remains_off(head->serials.text, serials, titles.size(), known_serial, header);
  if (serials.size() != titles.size() || titles.size() < 2) {
    return reject(RejectReason::header_mismatch, head->titles.number,
                  fmt::format("the serial row has {} fields and the title row {}; they must agree and name a channel",
                              serials.size(), titles.size()));
  }
  if (auto rejected = build_channels(header, serials, titles, head->serials)) return Rejected(*rejected);
  if (is_known_format(header.master_sn, extra_formats)) {
    return reject(RejectReason::bad_serial, head->serials.number, "a title row stands where the serial row should");
  }
  if (inherits) {
    if (auto rejected = check_inherited(header, earlier, head->serials.number)) return Rejected(*rejected);
  }
  earlier.settings = header.settings;
  return header;
}

}  // namespace pv::tsv
