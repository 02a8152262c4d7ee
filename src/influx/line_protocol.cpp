#include "influx/line_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/decimal.h"

namespace pv::influx {
namespace {

constexpr std::size_t kMostTagBytes = 1'024;
constexpr std::size_t kMostValueBytes = 32;

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view shortened(std::string_view text) {
  if (text.size() <= kMostTagBytes) return text;
  std::size_t end = kMostTagBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

inline void put_pair(char* at, std::uint32_t below_100) noexcept { std::memcpy(at, &kPairs[2 * below_100], 2); }

inline char* put_number(char* at, std::uint32_t value) noexcept {
  if (value < 10) {
    *at = static_cast<char>('0' + value);
    return at + 1;
  }
  if (value < 100) {
    put_pair(at, value);
    return at + 2;
  }
  if (value < 10'000) {
    const std::uint32_t high = value / 100;
    if (high >= 10) {
      put_pair(at, high);
      put_pair(at + 2, value - high * 100);
      return at + 4;
    }
    *at = static_cast<char>('0' + high);
    put_pair(at + 1, value - high * 100);
    return at + 3;
  }
  return std::to_chars(at, at + kMostValueBytes, value).ptr;
}

template <unsigned kDecimals>
inline char* put_decimal(char* at, std::int32_t mantissa) noexcept {
  std::uint32_t digits = static_cast<std::uint32_t>(mantissa);
  if (mantissa < 0) {
    *at++ = '-';
    digits = 0U - digits;
  }
  if constexpr (kDecimals == 0) {
    return put_number(at, digits);
  } else {
    constexpr auto kScale = static_cast<std::uint32_t>(model::kIntPowerOfTen[kDecimals]);
    const std::uint32_t whole = digits / kScale;
    std::uint32_t rest = digits - whole * kScale;
    at = put_number(at, whole);
    *at++ = '.';
    if constexpr (kDecimals == 2) {
      put_pair(at, rest);
    } else {
      for (unsigned place = kDecimals; place > 0; --place, rest /= 10) at[place - 1] = static_cast<char>('0' + rest % 10);
    }
    return at + kDecimals;
  }
}

using PutDecimal = char* (*)(char*, std::int32_t) noexcept;

std::string kept_tag_value(std::string_view text) {
  std::string out(shortened(text));
  for (char& c : out) {
    if (is_control(c)) c = '_';
  }
  if (!out.empty() && out.back() == '\\') out.back() = '/';
  return out;
}

}  // namespace

void append_tag(std::string& out, std::string_view key, std::string_view value) {
  const std::string escaped = escaped_tag_value(value);
  if (escaped.empty()) return;
  out += ',';
  out += key;
  out += '=';
  out += escaped;
}

std::string escaped_tag_value(std::string_view text) {
  std::string out;
  for (const char c : kept_tag_value(text)) {
    if (c == ',' || c == '=' || c == ' ') out += '\\';
    out += c;
  }
  return out;
}

std::string escaped_key(std::string_view text) {
  std::string out;
  for (const char c : shortened(text)) {
    if (c == ',' || c == '=' || c == ' ') out += '\\';
    out += is_control(c) ? '_' : c == '\\' ? '/' : c;
  }
  return out;
}

std::string quoted_string_field(std::string_view text) {
  constexpr std::size_t kMostStringBytes = 60'000;
  std::string out = "\"";
  for (const char c : text.substr(0, kMostStringBytes)) {
    if (c == '"' || c == '\\') out += '\\';
    out += is_control(c) ? ' ' : c;
  }
  out += '"';
  return out;
}

char* LineBatch::room_for(std::size_t bytes) {
  if (capacity_ - size_ < bytes) {
    const std::size_t wanted = std::max({size_ + bytes, capacity_ * 2, std::size_t{1} << 16});
    std::unique_ptr<char[]> bigger(new char[wanted]);
    if (size_ > 0) std::memcpy(bigger.get(), bytes_.get(), size_);
    bytes_ = std::move(bigger);
    capacity_ = wanted;
  }
  return bytes_.get() + size_;
}

void LineBatch::append(std::string_view line) {
  std::memcpy(room_for(line.size()), line.data(), line.size());
  size_ += line.size();
  ++lines_;
}

Tags channel_tags(const model::CampaignName& campaign, const model::Channel& channel, model::ChannelIdStyle style) {
  Tags tags = {{"campaign", campaign.str()},
               {"channel_id", model::channel_id(channel, style)},
               {"channel_label", channel.label},
               {"channel_name", channel.name},
               {"channel_unit", channel.unit},
               {"device", "MV2"},
               {"device_master_sn", channel.master_sn},
               {"device_sn", channel.device_sn},
               {"device_subtype", model::to_string(channel.subtype)},
               {"device_type", model::to_string(channel.type)}};
  for (auto& [key, value] : tags) value = kept_tag_value(value);
  std::erase_if(tags, [](const auto& tag) { return tag.second.empty(); });
  return tags;
}

ChannelHeads::ChannelHeads(const model::CampaignName& campaign, std::span<const model::Channel> channels, model::ChannelIdStyle style) {
  heads_.reserve(channels.size());
  for (const model::Channel& channel : channels) {
    std::string& head = heads_.emplace_back(kMeasurement);
    for (const auto& [key, value] : channel_tags(campaign, channel, style)) append_tag(head, key, value);
    head += ' ';
    head += escaped_key(model::field_name(channel, style));
    head += '=';
  }
}

BlockLines::BlockLines(const ChannelHeads& heads, const model::SampleBlock& block, model::Period period) : heads_(heads), block_(block) {
  PV_CHECK(heads.size() == block.columns.size());
  const auto& times = block.time_s;
  from_row_ = static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), period.from_s) - times.begin());
  to_row_ = static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), period.to_s) - times.begin());
  to_row_ = std::max(from_row_, to_row_);
  row_ = from_row_;
  constexpr std::size_t kLongest = 22;
  stamp_bytes_ = 0;
  for (std::size_t row = from_row_; row < to_row_; ++row) {
    char text[kLongest];
    stamp_bytes_ = std::max(stamp_bytes_, static_cast<std::size_t>(std::to_chars(text, text + kLongest, times[row]).ptr - text) + 2);
  }
  stamps_.resize((to_row_ - from_row_) * stamp_bytes_);
  unused_.resize(to_row_ - from_row_);
  for (std::size_t row = from_row_; row < to_row_; ++row) {
    char text[kLongest];
    const auto digits = static_cast<std::size_t>(std::to_chars(text, text + kLongest, times[row]).ptr - text);
    const std::size_t padding = stamp_bytes_ - digits - 2;
    char* const at = stamps_.data() + (row - from_row_) * stamp_bytes_ + padding;
    at[0] = ' ';
    std::memcpy(at + 1, text, digits);
    at[digits + 1] = '\n';
    unused_[row - from_row_] = static_cast<std::uint8_t>(padding);
  }
}

bool BlockLines::fill(LineBatch& batch, BatchBounds bounds) {
  for (; channel_ < heads_.size(); ++channel_, row_ = from_row_) {
    const std::size_t line_bytes = heads_[channel_].size() + kMostValueBytes + stamp_bytes_;
    while (row_ < to_row_) {
      const std::size_t lines_left = bounds.lines > batch.lines_ ? bounds.lines - batch.lines_ : 0;
      const std::size_t bytes_left = bounds.bytes > batch.size_ ? bounds.bytes - batch.size_ : 0;
      std::size_t count = std::min({to_row_ - row_, lines_left, bytes_left / line_bytes});
      if (count == 0) {
        if (batch.lines_ > 0) return true;
        count = 1;
      }
      (void)batch.room_for(count * line_bytes);
      const model::Column& column = block_.columns[channel_];
      if (column.kind == model::Column::Kind::decimal) {
        fill_decimals(batch, column, row_ + count);
      } else {
        fill_reals(batch, column, row_ + count);
      }
    }
  }
  return false;
}

void BlockLines::fill_decimals(LineBatch& batch, const model::Column& column, std::size_t to) {
  const std::string& head = heads_[channel_];
  char* at = batch.bytes_.get() + batch.size_;
  const auto run = [&](auto put) {
    for (; row_ < to; ++row_) {
      const std::int32_t mantissa = column.mantissa[row_];
      if (mantissa == model::Column::kMissing) continue;
      std::memcpy(at, head.data(), head.size());
      at = put(at + head.size(), mantissa);
      const std::size_t stamp = row_ - from_row_;
      const std::size_t padding = unused_[stamp];
      std::memcpy(at, stamps_.data() + stamp * stamp_bytes_ + padding, stamp_bytes_ - padding);
      at += stamp_bytes_ - padding;
      ++batch.lines_;
    }
  };
  // The two that loggers write are compiled into the loop.
  switch (column.decimals) {
    case 1: run([](char* out, std::int32_t m) noexcept { return put_decimal<1>(out, m); }); break;
    case 2: run([](char* out, std::int32_t m) noexcept { return put_decimal<2>(out, m); }); break;
    default: {
      constexpr PutDecimal kPut[] = {put_decimal<0>, put_decimal<1>, put_decimal<2>, put_decimal<3>, put_decimal<4>,
                                     put_decimal<5>, put_decimal<6>, put_decimal<7>, put_decimal<8>, put_decimal<9>};
      run(kPut[column.decimals]);
    }
  }
  batch.size_ = static_cast<std::size_t>(at - batch.bytes_.get());
}

void BlockLines::fill_reals(LineBatch& batch, const model::Column& column, std::size_t to) {
  const std::string& head = heads_[channel_];
  char* at = batch.bytes_.get() + batch.size_;
  for (; row_ < to; ++row_) {
    const double value = column.real[row_];
    if (!std::isfinite(value)) continue;
    std::memcpy(at, head.data(), head.size());
    at = std::to_chars(at + head.size(), at + head.size() + kMostValueBytes, value).ptr;
    const std::size_t stamp = row_ - from_row_;
    const std::size_t padding = unused_[stamp];
    std::memcpy(at, stamps_.data() + stamp * stamp_bytes_ + padding, stamp_bytes_ - padding);
    at += stamp_bytes_ - padding;
    ++batch.lines_;
  }
  batch.size_ = static_cast<std::size_t>(at - batch.bytes_.get());
}

std::string event_line(const model::CampaignName& campaign, std::string_view logger_sn, const model::Event& event) {
  std::string line(kEventMeasurement);
  append_tag(line, "campaign", campaign.str());
  append_tag(line, "device_master_sn", logger_sn);
  return fmt::format("{} restart=1i {}\n", line, event.time_s);
}

LineSubject subject_of(std::string_view line) {
  LineSubject subject;
  std::vector<std::string> words(1);  // parted by bare commas and spaces; those after the first space are fields
  std::size_t first_field = 0;
  bool quoted = false, in_value = false;
  for (std::size_t i = 0; i < line.size() && line[i] != '\n'; ++i) {
    const char c = line[i];
    if (c == '\\' && i + 1 < line.size() && std::strchr(",= \"\\", line[i + 1]) != nullptr) {
      words.back() += line[++i];
    } else if (c == '"' && in_value) {
      quoted = !quoted;
    } else if ((c == ',' || c == ' ') && !quoted) {
      if (c == ' ' && first_field == 0) first_field = words.size();
      words.emplace_back();
      in_value = false;
    } else {
      in_value = in_value || (c == '=' && first_field > 0);
      words.back() += c;
    }
  }
  const auto value_of = [](const std::string& word, std::string_view key) -> std::string_view {
    if (word.size() <= key.size() || !std::string_view(word).starts_with(key) || word[key.size()] != '=') return {};
    return std::string_view(word).substr(key.size() + 1);
  };
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (first_field == 0 || i < first_field) {
      if (const auto value = value_of(words[i], "campaign"); !value.empty()) subject.campaign = value;
      if (const auto value = value_of(words[i], "device_master_sn"); !value.empty()) subject.logger_sn = value;
    } else if (i == first_field) {
      subject.field = words[i].substr(0, words[i].rfind('='));
    }
  }
  if (first_field > 0 && words.size() > first_field + 1) {
    const std::string& stamp = words.back();
    std::from_chars(stamp.data(), stamp.data() + stamp.size(), subject.time_s);
  }
  return subject;
}

}  // namespace pv::influx
