#pragma once
/// The header of a logger file: header block, serial row, title row -> channels and what governs the stamps.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "model/channel.h"
#include "model/zone.h"
#include "tsv/lines.h"
#include "tsv/reader.h"

namespace pv::tsv {

/// What a header block says of the rows below it.
struct BlockSettings {
  enum class Stamps : std::uint8_t { utc, zone } stamps = Stamps::utc;
  std::optional<model::Zone> zone;  // TimeZoneName, else TimeZone; always there when the stamps are of the zone
  MasterType master_type = MasterType::unknown;
};

struct Header {
  std::string format;
  std::optional<BlockSettings> settings;  // none: the bare layout
  std::string block;                      // its text; empty when the settings are those of an earlier header
  std::vector<std::pair<std::string, std::string>> meta;
  MasterType master_type = MasterType::unknown;  // as used for the labels
  std::string master_sn;
  std::vector<model::Channel> channels;
  /// The header's first line begins with the remains of a line that was cut when an upload was resumed.
  enum class Start : std::uint8_t { clean, behind_a_cut_row } start = Start::clean;

  [[nodiscard]] Layout layout() const noexcept { return settings ? Layout::wrapped : Layout::bare; }
};

/// What a file's headers have said so far.
struct Earlier {
  std::string master_sn;    // of the first usable header; empty before it
  std::string serial_seen;  // first field of the first serial row that was read, usable or not
  /// Once a file has shown a header block, a table without one is read with the latest block's settings, or not at all.
  bool has_block = false;
  std::optional<BlockSettings> settings;  // of the latest block; none when its header could not be used
};

/// A header block begins at the end of this line; what stands before it are the remains of a cut line.
inline constexpr std::string_view kBlockBegin = "START_HEADER";

/// Reads the header that begins at `lines`, and tells `earlier` of its block. An upload that was resumed inside the header
/// begins it anew. Leaves `lines` at the first data row; when the header cannot be used, behind what was read of it, which
/// is a line at least. The names of formats are the known ones and `extra_formats`.
[[nodiscard]] tl::expected<Header, Rejection> read_header(Lines& lines, std::span<const std::string> extra_formats, Earlier& earlier);

/// The first field of a line is, or looks like, the name of a format: it is a title row. The first kTitleProbe bytes of
/// the line are enough.
inline constexpr std::size_t kTitleProbe = 80;
[[nodiscard]] bool is_title_row(std::string_view line, std::span<const std::string> extra_formats) noexcept;

}  // namespace pv::tsv
