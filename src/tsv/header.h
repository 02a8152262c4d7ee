#pragma once
/// The header of a logger file: header block, serial row, title row -> channels and what governs the stamps.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "model/channel.h"
#include "tsv/lines.h"
#include "tsv/reader.h"

namespace pv::tsv {

struct Header {
  std::string format;
  Layout layout = Layout::bare;
  std::string block;
  std::vector<std::pair<std::string, std::string>> meta;
  MasterType master_type = MasterType::unknown;  // as used for the labels
  // Of the block; empty without one.
  std::string time_settings;  // "UTC": the rows are UTC
  std::string zone_name;      // TimeZoneName
  std::string zone_posix;     // TimeZone
  std::string master_sn;
  std::vector<model::Channel> channels;
  /// The header's first line begins with the remains of a row that was cut when an upload was resumed.
  enum class Start : std::uint8_t { clean, behind_a_cut_row } start = Start::clean;

  [[nodiscard]] bool rows_are_utc() const noexcept { return layout == Layout::wrapped && time_settings == "UTC"; }
};

/// Reads the header that begins at `lines` and leaves `lines` at the first data row. `known_master` is the serial of the
/// file's earlier header, empty for the first one. The names of formats are the known ones and `extra_formats`.
[[nodiscard]] tl::expected<Header, Rejection> read_header(Lines& lines, std::span<const std::string> extra_formats,
                                                          std::string_view known_master);

/// The first field of a line is, or looks like, the name of a format: it is a title row. The first kTitleProbe bytes of
/// the line are enough.
inline constexpr std::size_t kTitleProbe = 80;
[[nodiscard]] bool is_title_row(std::string_view line, std::span<const std::string> extra_formats) noexcept;

}  // namespace pv::tsv
