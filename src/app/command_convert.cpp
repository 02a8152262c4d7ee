#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "app/command.h"
#include "app/single_file.h"
#include "query/row_writer.h"
#include "store/leaf.h"

namespace pv::app {
namespace convert_command {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20;

struct Options {
  CommonOptions common;
  std::vector<std::filesystem::path> files;
  std::string to;
  std::string channel_ids = "device-first";
  std::optional<std::string> campaign;
};

/// Whose samples a file holds: never mixed, even where the same logger and campaign name occur twice.
using Owner = std::pair<std::string, std::string>;  // company, campaign

/// Files as one run of rows, by the same rule of rank as the store.
struct Merged {
  store::Leaf leaf;
  std::vector<model::Channel> channels;                  // by id
  std::map<std::pair<Owner, std::string>, std::int64_t> ids;  // by owner and field
};

void merge(Merged& merged, const Owner& owner, const tsv::LoggerFile& content, std::uint32_t rank) {
  const store::RanksBelow ranks_below = [](store::Origin a, store::Origin b) {
    if (a.provisional() != b.provisional()) return a.provisional();
    return a.file() < b.file();
  };
  store::MergeTally tally;
  std::vector<store::Contest> contests;
  for (const model::LoggerTable& table : content.tables) {
    std::vector<std::int64_t> ids;
    for (const model::Channel& channel : table.channels) {
      const auto next = static_cast<std::int64_t>(merged.channels.size());
      const auto [entry, is_new] = merged.ids.try_emplace({owner, model::field_name(channel, model::ChannelIdStyle::device_first)}, next);
      if (is_new) {
        merged.channels.push_back(channel);
      } else {
        merged.channels[static_cast<std::size_t>(entry->second)] = channel;  // files come by rank: the last one names it
      }
      ids.push_back(entry->second);
    }
    store::IncomingRows rows{&table.rows, 0, table.rows.time_s.size(), ids, rank, table.provisional_row};
    if (rows.rows() == 0) continue;
    if (merged.leaf.rows() == 0 || rows.first_s() > merged.leaf.time_s.back()) {
      store::append_rows(merged.leaf, rows, tally);
    } else {
      store::merge_rows(merged.leaf, rows, ranks_below, tally, contests);
    }
  }
}

ExitCode write(const Merged& merged, const std::string& campaign, query::RowWriterOptions options, const Settings& settings) {
  options.campaign = campaign;
  if (!settings.zone.is_utc()) options.zone = settings.zone;
  std::vector<model::Channel> channels;
  for (const std::int64_t id : merged.leaf.channels) channels.push_back(merged.channels[static_cast<std::size_t>(id)]);
  query::RowWriter writer(options, channels);
  std::string text;
  writer.append_heading(text);
  model::SampleBlock block{merged.leaf.time_s, merged.leaf.columns};
  constexpr std::size_t kRows = 256;
  for (std::size_t from = 0; from < block.time_s.size(); from += kRows) {
    writer.append_rows(block, from, std::min(from + kRows, block.time_s.size()), text);
    if (text.size() < kChunkBytes) continue;
    if (!print(text)) return ExitCode::unavailable;
    text.clear();
  }
  return print(text) ? ExitCode::done : ExitCode::unavailable;
}

ExitCode run_convert(const Options& options) {
  const auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  query::RowWriterOptions writer_options;
  writer_options.form = *query::parse_text_form(options.to);
  writer_options.style = options.channel_ids == "master-first" ? model::ChannelIdStyle::master_first : model::ChannelIdStyle::device_first;

  ExitCode code = ExitCode::done;
  std::vector<SingleFile> files;
  for (const std::filesystem::path& path : options.files) {
    auto file = read_single_file(path, *settings);
    if (!file) {
      code = std::max(code, report(file.error()));
      continue;
    }
    if (!file->content) {
      fmt::print(stderr, "powerview: {}: {}: {}\n", path.string(), tsv::to_string(file->content.error().reason), file->content.error().message);
      code = std::max(code, ExitCode::some_failed);
      continue;
    }
    files.push_back(std::move(*file));
  }
  std::sort(files.begin(), files.end(), [](const SingleFile& a, const SingleFile& b) {
    return std::tie(a.origin.stamp, a.origin.digest) < std::tie(b.origin.stamp, b.origin.digest);
  });
  const auto owner_of = [&](const SingleFile& file) { return Owner(file.company, options.campaign.value_or(file.campaign)); };
  std::stable_sort(files.begin(), files.end(), [&](const SingleFile& a, const SingleFile& b) {
    return owner_of(a) < owner_of(b);
  });
  // Line protocol names the campaign in each line; the other forms are one table over all files, in time order.
  const bool by_owner = writer_options.form == query::TextForm::line_protocol;
  for (std::size_t i = 0; i < files.size();) {
    Merged merged;
    const Owner first = owner_of(files[i]);
    for (; i < files.size() && (!by_owner || owner_of(files[i]) == first); ++i) {
      merge(merged, owner_of(files[i]), *files[i].content, static_cast<std::uint32_t>(i));
    }
    code = std::max(code, write(merged, first.second, writer_options, *settings));
  }
  return code;
}

}  // namespace
}  // namespace convert_command

void add_convert(const Command& app, Chosen& chosen) {
  using namespace convert_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("convert", "Print logger files as samples, line protocol or CSV; touches nothing");
  add_common_options(command, options->common);
  add_zone_option(command, options->common);
  command.add_option("files", options->files, "Logger files").required().type_name("FILE");
  command.add_option("--to", options->to, "Form of the output").required().one_of({"samples", "line-protocol", "csv"});
  command.add_option("--channel-ids", options->channel_ids, "How channels are named")
      .one_of({"device-first", "master-first"})
      .capture_default_str();
  command.add_option("--campaign", options->campaign, "Campaign tag of the line protocol (default: the folder above the device's)");
  command.callback([options, &chosen] { chosen = [options] { return run_convert(*options); }; });
}

}  // namespace pv::app
