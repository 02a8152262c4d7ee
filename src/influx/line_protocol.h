#pragma once
/// Samples and events as lines of InfluxDB's line protocol, precision seconds.
///
///   electrical,campaign=camp,channel_id=M02001171_U1_M02001171,…,device_type=master M02001171_U1_M02001171_V=242.25 1754184000
///   logger_event,campaign=camp,device_master_sn=02001171 restart=1i 1754184000
///
/// One line a sample, since the tags differ by channel; tags stand in the order of their keys and empty ones are left out. What the protocol
/// cannot carry is replaced: control characters by '_', a backslash at the end of a tag and any in a field's name by '/'; values of tags end
/// after 1,024 bytes. A sample is the same number there: decimals are written from the mantissa, reals in their shortest form.
///   Threads: no shared state; an object belongs to one thread.
///   Cost: no allocation a line; some 20 ns a sample, most of it for copying the constant head of the line.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/names.h"
#include "model/sample_block.h"
#include "model/source.h"

namespace pv::influx {

inline constexpr std::string_view kMeasurement = "electrical";
inline constexpr std::string_view kEventMeasurement = "logger_event";

/// Text escaped for its place; may be empty when `text` is, and a tag then has to be left out.
[[nodiscard]] std::string escaped_tag_value(std::string_view text);
/// ",key=value", escaped; nothing where the value is "" then.
void append_tag(std::string& line, std::string_view key, std::string_view value);
[[nodiscard]] std::string escaped_key(std::string_view text);       // of tags, fields and measurements
[[nodiscard]] std::string quoted_string_field(std::string_view text);  // with its quotes; control characters become spaces

/// Whole lines in one piece of memory that is kept between uses.
class LineBatch {
 public:
  [[nodiscard]] std::string_view text() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t lines() const noexcept { return lines_; }
  void clear() noexcept { size_ = lines_ = 0; }
  /// `line` ends in its line feed and has no other.
  void append(std::string_view line);

 private:
  friend class BlockLines;
  [[nodiscard]] char* room_for(std::size_t bytes);
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t lines_ = 0;
};

/// What a batch may hold. A batch always takes one line, however long.
struct BatchBounds {
  std::size_t lines = 5'000;
  std::size_t bytes = 4U << 20;
};

/// Tags as the server keeps them, by their keys; empty ones are left out.
using Tags = std::map<std::string, std::string>;
[[nodiscard]] Tags channel_tags(const model::CampaignName& campaign, const model::Channel& channel, model::ChannelIdStyle style);

/// "electrical,<tags> <field>=" of each channel, made once for all its samples.
class ChannelHeads {
 public:
  ChannelHeads(const model::CampaignName& campaign, std::span<const model::Channel> channels, model::ChannelIdStyle style);
  [[nodiscard]] std::size_t size() const noexcept { return heads_.size(); }
  [[nodiscard]] const std::string& operator[](std::size_t channel) const noexcept { return heads_[channel]; }

 private:
  std::vector<std::string> heads_;
};

/// The lines of one block, channel by channel and each in time order. Missing cells have none. Borrows all it is given.
class BlockLines {
 public:
  /// Rows outside `period` are left out. The block has as many columns as there are heads.
  BlockLines(const ChannelHeads& heads, const model::SampleBlock& block, model::Period period);
  /// Adds lines to the batch until it is full or the block has no more. False when the block is at its end: the batch may then take more from
  /// elsewhere.
  [[nodiscard]] bool fill(LineBatch& batch, BatchBounds bounds);

 private:
  void fill_decimals(LineBatch& batch, const model::Column& column, std::size_t to);
  void fill_reals(LineBatch& batch, const model::Column& column, std::size_t to);

  const ChannelHeads& heads_;
  const model::SampleBlock& block_;
  std::size_t from_row_ = 0, to_row_ = 0;
  std::size_t channel_ = 0, row_ = 0;
  std::size_t stamp_bytes_ = 0;      // of each, " 1754184000\n"; padded in front by spaces to the longest
  std::vector<char> stamps_;         // one a row from from_row_
  std::vector<std::uint8_t> unused_; // bytes of padding of each stamp
};

[[nodiscard]] std::string event_line(const model::CampaignName& campaign, std::string_view logger_sn, const model::Event& event);

/// What one of these lines speaks of, read back for a person.
struct LineSubject {
  std::string campaign, logger_sn, field;  // "" when the line has none
  std::int64_t time_s = 0;
};
[[nodiscard]] LineSubject subject_of(std::string_view line);

}  // namespace pv::influx
