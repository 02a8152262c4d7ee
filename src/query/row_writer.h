#pragma once
/// Samples as text, three ways. Writes what it is given and knows no snapshot: `convert` and `export` share it.
///
///   samples        <unix seconds> TAB <field> TAB <value>, a line a sample; rows in time order, fields sorted in a row
///   csv            "time,<field>,…" then a line a row: ISO 8601 in UTC ("…Z") or with the zone's offset; missing: empty
///   line_protocol  electrical,<tags> <field>=<value> <unix seconds>, a line a sample, tags sorted, empty tags left out
///
/// Values: the shortest decimal that reads back as the same double. Names are escaped: csv by RFC 4180, line protocol
/// by backslash (a control character or a backslash at the end of a tag becomes '_').
/// Threads: confined to one thread.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/channel.h"
#include "model/sample_block.h"
#include "model/zone.h"

namespace pv::query {

enum class TextForm : std::uint8_t { csv, samples, line_protocol };

/// "csv", "samples", "line-protocol"; nothing for any other text.
[[nodiscard]] std::optional<TextForm> parse_text_form(std::string_view text) noexcept;
[[nodiscard]] std::string_view to_string(TextForm form) noexcept;
[[nodiscard]] std::string_view content_type(TextForm form) noexcept;
[[nodiscard]] std::string_view file_extension(TextForm form) noexcept;  // ".csv", ".samples", ".lp"

struct RowWriterOptions {
  TextForm form = TextForm::samples;
  std::string campaign = {};                 // tag of the line protocol; "" leaves it out
  std::string field_suffix = {};             // line protocol: "_mean" and the like, for values that are no samples
  std::optional<model::Zone> zone = {};      // csv: local time with offset; otherwise UTC
  model::ChannelIdStyle style = model::ChannelIdStyle::device_first;
};

class RowWriter {
 public:
  RowWriter(const RowWriterOptions& options, std::span<const model::Channel> channels);

  /// The csv heading; nothing for the other forms.
  void append_heading(std::string& out) const;
  /// Appends one row: a value or NaN a channel, in the order of the channels given.
  void append_row(std::int64_t time_s, std::span<const double> values, std::string& out);
  /// Appends rows [from, to) of a block whose columns are the channels given.
  void append_rows(const model::SampleBlock& rows, std::size_t from, std::size_t to, std::string& out);

 private:
  void append_time(std::int64_t time_s, std::string& out);

  TextForm form_;
  std::optional<model::Zone> zone_;
  model::Zone::Offset offset_{0, 0, 0};  // last one used
  std::vector<std::string> prefixes_;    // what stands before each channel's value
  std::vector<std::size_t> order_;       // channels by field
  std::string heading_;
  std::vector<double> values_;
};

/// Appends the shortest decimal text that reads back as `value`; finite values only.
void append_number(double value, std::string& out);

}  // namespace pv::query
