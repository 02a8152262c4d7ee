#include "query/row_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace pv::query {
namespace {

constexpr std::int64_t kDay = 86'400;

void append_integer(std::int64_t value, std::string& out) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

void append_padded(std::int64_t value, int width, std::string& out) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  for (auto length = end - text.data(); length < width; ++length) out += '0';
  out.append(text.data(), end);
}

/// RFC 4180: quoted where a comma, a quote or a line end stands in it.
std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// A tag key, tag value or field key. A backslash at the end would escape the delimiter behind it.
std::string line_protocol_escape(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (c == '\\' && i + 1 == text.size())) {
      escaped += '_';
      continue;
    }
    if (c == ',' || c == '=' || c == ' ') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// Tab and line ends part the words of a line; a name may not hold them.
std::string samples_word(std::string_view text) {
  std::string word(text);
  std::replace_if(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '_');
  return word;
}

std::string line_prefix(const model::Channel& channel, const RowWriterOptions& options) {
  std::string line = "electrical";
  const auto tag = [&line](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    line += ',';
    line += key;
    line += '=';
    line += line_protocol_escape(value);
  };
  tag("campaign", options.campaign);
  tag("channel_id", model::channel_id(channel, options.style));
  tag("channel_label", channel.label);
  tag("channel_name", channel.name);
  tag("channel_unit", channel.unit);
  tag("device", "MV2");
  tag("device_master_sn", channel.master_sn);
  tag("device_sn", channel.device_sn);
  if (channel.type == model::DeviceType::master) tag("device_subtype", model::to_string(channel.subtype));
  tag("device_type", model::to_string(channel.type));
  line += ' ';
  line += line_protocol_escape(model::field_name(channel, options.style) + options.field_suffix);
  line += '=';
  return line;
}

}  // namespace

std::optional<TextForm> parse_text_form(std::string_view text) noexcept {
  if (text == "csv") return TextForm::csv;
  if (text == "samples") return TextForm::samples;
  if (text == "line-protocol") return TextForm::line_protocol;
  return std::nullopt;
}

std::string_view to_string(TextForm form) noexcept {
  switch (form) {
    case TextForm::csv: return "csv";
    case TextForm::samples: return "samples";
    case TextForm::line_protocol: return "line-protocol";
  }
  return "";
}

std::string_view content_type(TextForm form) noexcept {
  return form == TextForm::csv ? "text/csv; charset=utf-8" : "text/plain; charset=utf-8";
}

std::string_view file_extension(TextForm form) noexcept {
  switch (form) {
    case TextForm::csv: return ".csv";
    case TextForm::samples: return ".samples";
    case TextForm::line_protocol: return ".lp";
  }
  return "";
}

void append_number(double value, std::string& out) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

RowWriter::RowWriter(const RowWriterOptions& options, std::span<const model::Channel> channels)
    : form_(options.form), zone_(options.zone), order_(channels.size()), values_(channels.size()) {
  std::vector<std::string> fields;
  heading_ = form_ == TextForm::csv ? "time" : "";
  for (const model::Channel& channel : channels) {
    fields.push_back(model::field_name(channel, options.style));
    switch (form_) {
      case TextForm::csv: heading_ += ',' + csv_cell(fields.back()); break;
      case TextForm::samples: prefixes_.push_back('\t' + samples_word(fields.back()) + '\t'); break;
      case TextForm::line_protocol: prefixes_.push_back(line_prefix(channel, options)); break;
    }
  }
  if (form_ == TextForm::csv) heading_ += '\n';
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&fields](std::size_t a, std::size_t b) { return fields[a] < fields[b]; });
}

void RowWriter::append_heading(std::string& out) const { out += heading_; }

void RowWriter::append_row(std::int64_t time_s, std::span<const double> values, std::string& out) {
  PV_CHECK(values.size() == order_.size());
  if (form_ == TextForm::csv) {
    append_time(time_s, out);
    for (const double value : values) {
      out += ',';
      if (std::isfinite(value)) append_number(value, out);
    }
    out += '\n';
    return;
  }
  for (const std::size_t channel : order_) {
    if (!std::isfinite(values[channel])) continue;
    if (form_ == TextForm::samples) append_integer(time_s, out);
    out += prefixes_[channel];
    append_number(values[channel], out);
    if (form_ == TextForm::line_protocol) {
      out += ' ';
      append_integer(time_s, out);
    }
    out += '\n';
  }
}

void RowWriter::append_rows(const model::SampleBlock& rows, std::size_t from, std::size_t to, std::string& out) {
  for (std::size_t row = from; row < to; ++row) {
    for (std::size_t c = 0; c < values_.size(); ++c) values_[c] = rows.columns[c].value(row);
    append_row(rows.time_s[row], values_, out);
  }
}

void RowWriter::append_time(std::int64_t time_s, std::string& out) {
  if (zone_ && (time_s < offset_.begin_s || time_s >= offset_.end_s)) offset_ = zone_->offset_at(time_s);
  const std::int64_t local = time_s + offset_.offset_s;
  const std::int64_t day = local / kDay - (local % kDay < 0 ? 1 : 0);
  const std::int64_t second = local - day * kDay;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  append_padded(static_cast<int>(date.year()), 4, out);
  out += '-';
  append_padded(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  append_padded(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  append_padded(second / 3600, 2, out);
  out += ':';
  append_padded(second / 60 % 60, 2, out);
  out += ':';
  append_padded(second % 60, 2, out);
  if (!zone_ || zone_->is_utc()) {
    out += 'Z';
    return;
  }
  const std::int64_t minutes = (offset_.offset_s < 0 ? -offset_.offset_s : offset_.offset_s) / 60;
  out += offset_.offset_s < 0 ? '-' : '+';
  append_padded(minutes / 60, 2, out);
  out += ':';
  append_padded(minutes % 60, 2, out);
}

}  // namespace pv::query
