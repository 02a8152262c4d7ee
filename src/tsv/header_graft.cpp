#include "tsv/header_graft.h"

#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "tsv/header.h"
#include "tsv/lines.h"
#include "tsv/printable.h"

namespace pv::tsv {
namespace {

constexpr std::string_view kAdvice = "; choose a file of the same logger, as it writes them at the time of these rows";

/// A header and the bytes it stands in: with the remains of a cut row before it.
struct Placed {
  Header header;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Walks from header to header, where the reader would meet them.
class HeaderWalk {
 public:
  HeaderWalk(std::string_view text, std::span<const std::string> extra_formats) : lines_(text, 0, 1), extra_formats_(extra_formats) {}

  /// The next header that can be used; nothing at the end. Remembers in `refused` why the first other one cannot.
  std::optional<Placed> next() {
    while (!lines_.at_end()) {
      if (!is_header_here()) {
        lines_.skip(lines_.peek());
        continue;
      }
      is_begin_ = false;
      const std::uint64_t from = lines_.offset();
      auto header = read_header(lines_, extra_formats_, earlier_);
      if (header) {
        if (earlier_.master_sn.empty()) earlier_.master_sn = header->master_sn;
        return Placed{std::move(*header), from, lines_.offset()};
      }
      if (!refused) refused = std::move(header.error());
    }
    return std::nullopt;
  }

  std::optional<Rejection> refused;

 private:
  [[nodiscard]] bool is_header_here() const {
    if (is_begin_) return true;
    const Line line = lines_.peek();
    if (line.text.empty() || !line.ended) return false;
    Lines behind = lines_;
    behind.skip(line);
    return line.text.ends_with(kBlockBegin) || is_title_row(behind.rest().substr(0, kTitleProbe), extra_formats_);
  }

  Lines lines_;
  std::span<const std::string> extra_formats_;
  Earlier earlier_;
  bool is_begin_ = true;
};

Error no_header(std::string_view which, const std::optional<Rejection>& refused) {
  if (!refused) return {Errc::invalid_input, fmt::format("{} is empty", which)};
  return {Errc::invalid_input, fmt::format("{} has no header that can be used: line {}: {}", which, refused->line, refused->message)};
}

bool mean_the_same(const std::optional<BlockSettings>& left, const std::optional<BlockSettings>& right) {
  if (!left || !right) return !left && !right;
  if (left->stamps != right->stamps) return false;
  return left->stamps == BlockSettings::Stamps::utc || left->zone->name() == right->zone->name();
}

/// "Ph 1 V": what split_title() takes apart.
std::string title_of(const model::Channel& channel) {
  const bool needs_space = !channel.unit.empty() || channel.name.find(' ') != std::string::npos;
  return needs_space ? channel.name + " " + channel.unit : channel.name;
}

std::string text_of(const Header& header, const std::string& block, bool has_block) {
  std::string text;
  if (has_block) text = fmt::format("START_HEADER\n{}\nEND_HEADER\nSTART_DATA\n", block);
  text += header.master_sn;
  for (const model::Channel& channel : header.channels) text += "\t" + channel.device_sn;
  text += "\n" + header.format;
  for (const model::Channel& channel : header.channels) text += "\t" + title_of(channel);
  return text + "\n";
}

/// The channels that the reader finds in a header's text.
std::optional<std::vector<model::Channel>> channels_in(std::string_view text, std::span<const std::string> extra_formats) {
  auto placed = HeaderWalk(text, extra_formats).next();
  if (!placed || placed->to != text.size()) return std::nullopt;
  return std::move(placed->header.channels);
}

/// The new header's text.
Result<std::string> header_for(const Header& held, const Header& other, std::span<const std::string> extra_formats) {
  if (held.channels.size() != other.channels.size()) {
    return fail(Errc::invalid_input, fmt::format("the file has {} columns and the other header names {}{}", held.channels.size(),
                                                 other.channels.size(), kAdvice));
  }
  if (held.master_sn != other.master_sn) {
    return fail(Errc::invalid_input, fmt::format("the file is of logger {} and the other header of {}{}", printable(held.master_sn),
                                                 printable(other.master_sn), kAdvice));
  }
  const bool same_time = mean_the_same(held.settings, other.settings);
  std::string text = text_of(other, same_time ? other.block : held.block, held.settings.has_value());
  if (channels_in(text, extra_formats) != other.channels) {
    return fail(Errc::invalid_input,
                fmt::format("the two files tell time in different ways, and the other file's channels cannot be named without its own "
                            "header block{}", kAdvice));
  }
  return text;
}

void append(std::vector<char>& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

}  // namespace

Result<std::vector<char>> with_header_of(std::span<const char> bytes, std::span<const char> header_file,
                                         std::span<const std::string> extra_formats) {
  const std::string_view text(bytes.data(), bytes.size());
  HeaderWalk others({header_file.data(), header_file.size()}, extra_formats);
  const std::optional<Placed> other = others.next();
  if (!other) return fail(no_header("the other file", others.refused));
  HeaderWalk walk(text, extra_formats);
  const std::optional<Placed> first = walk.next();
  if (!first) return fail(no_header("the file", walk.refused));
  PV_TRY(const std::string header, header_for(first->header, other->header, extra_formats));

  std::vector<char> out;
  out.reserve(text.size() + header.size());
  std::uint64_t copied = 0;
  for (std::optional<Placed> at = first; at; at = walk.next()) {
    if (at->header.channels != first->header.channels) continue;
    if (!mean_the_same(at->header.settings, first->header.settings)) {
      return fail(Errc::invalid_input, "the file changes the way it tells time in its middle: split it where its second header stands");
    }
    append(out, text.substr(copied, at->from - copied));
    append(out, header);
    copied = at->to;
  }
  append(out, text.substr(copied));
  return out;
}

}  // namespace pv::tsv
