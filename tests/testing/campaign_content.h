#pragma once
/// Everything a tenant's store says of its campaigns, in a form that two stores can be compared in; and the same worked
/// out the slow way from the files themselves.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/partition.h"
#include "store/reader.h"
#include "store/schema.h"
#include "testing/given_samples.h"

namespace pv::testing {

using Cell = std::pair<std::int64_t, std::string>;  // instant, field

struct CampaignContent {
  std::map<Cell, double> samples;
  std::set<std::pair<std::string, std::int64_t>> events;                       // logger, instant
  std::map<std::tuple<std::string, std::int64_t, double>, std::string> conflicts;  // field, instant, value that lost -> its file
  std::map<std::string, std::string> channels;                                 // field -> what is known of it
  std::map<std::string, std::set<std::int64_t>> rows;                          // logger -> instants
  std::map<std::string, std::set<std::pair<std::int64_t, unsigned>>> leaves;   // logger -> start, level
  std::set<std::string> files;
  bool operator==(const CampaignContent&) const = default;
};
using StoreContent = std::map<std::string, CampaignContent>;  // by campaign

/// The value of a result, or a failed test that tells why there is none.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().message());
}

inline std::string text_of(const model::Channel& channel) {
  return channel.master_sn + "|" + channel.device_sn + "|" + channel.label + "|" + channel.name + "|" + channel.unit + "|" +
         model::to_string(channel.type) + "|" + model::to_string(channel.subtype);
}

inline StoreContent content_of_store(const std::filesystem::path& path) {
  constexpr model::Period kAll{INT64_MIN / 2, INT64_MAX / 2};
  constexpr std::size_t kMost = 10'000'000;
  StoreContent content;
  const auto reader = must(store::Reader::open(path));
  const auto snapshot = must(reader->snapshot(1));
  for (const model::CampaignSummary& campaign : must(snapshot->campaigns())) {
    CampaignContent& of = content[campaign.name];
    std::map<std::int64_t, std::string> sn, field;
    for (const model::LoggerSummary& logger : campaign.loggers) sn[logger.id.value] = logger.sn;
    std::map<std::int64_t, std::vector<model::ChannelId>> wanted;
    for (const model::ChannelSummary& channel : must(snapshot->channels(campaign.id))) {
      field[channel.id.value] = channel.field;
      of.channels[channel.field] = text_of(channel.channel);
      wanted[channel.logger.value].push_back(channel.id);
    }
    for (const model::LoggerSummary& logger : campaign.loggers) {
      const std::vector<model::ChannelId>& ids = wanted[logger.id.value];
      for (const model::BlockRef& ref : must(snapshot->blocks(logger.id, kAll))) {
        model::SampleBlock block;
        must(snapshot->read(0, ref, ids, block));
        for (std::size_t row = 0; row < block.time_s.size(); ++row) {
          of.rows[logger.sn].insert(block.time_s[row]);
          for (std::size_t c = 0; c < ids.size(); ++c) {
            if (!block.columns[c].is_missing(row)) of.samples[{block.time_s[row], field[ids[c].value]}] = block.columns[c].value(row);
          }
        }
      }
    }
    for (const model::LoggerEvent& event : must(snapshot->events(campaign.id, kAll))) of.events.insert({sn[event.logger.value], event.event.time_s});
    for (const model::Conflict& conflict : must(snapshot->conflicts(campaign.id, kAll, kMost))) {
      of.conflicts[{field[conflict.channel.value], conflict.time_s, conflict.value}] = conflict.file_name;
    }
    for (const model::StoredFile& file : must(snapshot->files(campaign.id, kMost))) of.files.insert(file.name + " " + file.digest_hex);
  }
  const auto database = must(store::open_for_reading(path));
  Statement leaves = must(database->prepare(
      "SELECT DISTINCT c.name, l.sn, b.leaf_start_s, b.leaf_level FROM block b JOIN logger l ON l.id=b.logger JOIN campaign c ON c.id=l.campaign"));
  while (must(leaves.step())) {
    content[std::string(leaves.text(0))].leaves[std::string(leaves.text(1))].insert({leaves.integer(2), static_cast<unsigned>(leaves.integer(3))});
  }
  return content;
}

/// Leaves as their definition says: a leaf of more rows than a block may hold is halved.
inline void cut_into_leaves(const std::set<std::int64_t>& rows, store::LeafKey key, std::set<std::pair<std::int64_t, unsigned>>& leaves) {
  const auto count = std::distance(rows.lower_bound(key.start_s), rows.lower_bound(key.end_s()));
  if (count == 0) return;
  if (count <= 8192) {
    leaves.insert({key.start_s, key.level});
    return;
  }
  cut_into_leaves(rows, {key.start_s, key.level - 1}, leaves);
  cut_into_leaves(rows, {key.middle_s(), key.level - 1}, leaves);
}

/// What a store must say after any of these files, in whatever order they came.
inline StoreContent content_of_files(const std::vector<GivenFile>& given) {
  // The same bytes under several names are one file, which goes by the latest name.
  std::map<std::tuple<std::string, model::Digest, std::string>, GivenFile> files;
  for (const GivenFile& file : given) {
    const auto [at, is_new] = files.try_emplace({file.campaign.str(), file.origin.digest, file.origin.zone}, file);
    const auto named = [](const GivenFile& f) { return std::tuple(f.origin.stamp, f.origin.name, f.origin.device_folder); };
    if (!is_new && named(file) > named(at->second)) at->second = file;
  }
  struct Claim {
    bool is_whole;
    std::int64_t stamp;
    model::Digest digest;
    std::string zone;
    double value;
    std::string file;
    bool operator<(const Claim& other) const {
      return std::tie(is_whole, stamp, digest, zone) < std::tie(other.is_whole, other.stamp, other.digest, other.zone);
    }
  };
  StoreContent content;
  std::map<std::string, std::map<Cell, std::vector<Claim>>> claims;
  using NameRank = std::tuple<std::int64_t, model::Digest, std::string>;
  std::map<std::pair<std::string, std::string>, NameRank> named_by;
  for (const auto& [key, file] : files) {
    CampaignContent& of = content[file.campaign.str()];
    of.files.insert(file.origin.name + " " + to_hex(file.origin.digest));
    for (const model::Event& event : file.events) of.events.insert({file.delivery().logger_sn, event.time_s});
    for (const model::LoggerTable& table : file.tables) {
      const std::string& sn = table.channels.front().master_sn;
      for (std::size_t c = 0; c < table.channels.size(); ++c) {
        const std::string field = model::field_name(table.channels[c], model::ChannelIdStyle::device_first);
        const NameRank rank{file.origin.stamp, file.origin.digest, file.origin.zone};
        NameRank& best = named_by.try_emplace({file.campaign.str(), field}, rank).first->second;
        if (rank >= best) {
          best = rank;
          of.channels[field] = text_of(table.channels[c]);
        }
        for (std::size_t row = 0; row < table.rows.time_s.size(); ++row) {
          of.rows[sn].insert(table.rows.time_s[row]);
          if (table.rows.columns[c].is_missing(row)) continue;
          claims[file.campaign.str()][{table.rows.time_s[row], field}].push_back(
              {table.provisional_row != row, file.origin.stamp, file.origin.digest, file.origin.zone, table.rows.columns[c].value(row), file.origin.name});
        }
      }
    }
  }
  for (auto& [campaign, cells] : claims) {
    for (auto& [cell, of_cell] : cells) {
      std::sort(of_cell.begin(), of_cell.end());
      const double winner = of_cell.back().value;
      content[campaign].samples[cell] = winner;
      // Later claims rank higher and replace the file named.
      for (const Claim& claim : of_cell) {
        if (claim.value != winner) content[campaign].conflicts[{cell.second, cell.first, claim.value}] = claim.file;
      }
    }
  }
  for (auto& [campaign, of] : content) {
    for (const auto& [sn, rows] : of.rows) {
      std::set<std::pair<std::int64_t, unsigned>>& leaves = of.leaves[sn];
      for (auto row = rows.begin(); row != rows.end();) {
        const store::LeafKey top = store::leaf_at(*row, store::kTopLevel);
        cut_into_leaves(rows, top, leaves);
        row = rows.lower_bound(top.end_s());
      }
    }
  }
  return content;
}

/// Compares part by part, so that a failed test tells what differs.
inline void expect_same_content(const StoreContent& actual, const StoreContent& expected) {
  const auto names = [](const StoreContent& content) {
    std::set<std::string> set;
    for (const auto& [name, of] : content) set.insert(name);
    return set;
  };
  ASSERT_EQ(names(actual), names(expected));
  for (const auto& [name, of] : expected) {
    const CampaignContent& mine = actual.at(name);
    EXPECT_EQ(mine.channels, of.channels) << name;
    EXPECT_EQ(mine.events, of.events) << name;
    EXPECT_EQ(mine.files, of.files) << name;
    EXPECT_TRUE(mine.rows == of.rows) << name << ": other rows";
    EXPECT_EQ(mine.leaves, of.leaves) << name;
    EXPECT_TRUE(mine.samples == of.samples) << name << ": " << mine.samples.size() << " samples, expected " << of.samples.size();
    EXPECT_TRUE(mine.conflicts == of.conflicts) << name << ": " << mine.conflicts.size() << " conflicts, expected " << of.conflicts.size();
    for (const auto& [cell, value] : of.samples) {
      const auto found = mine.samples.find(cell);
      if (found != mine.samples.end() && found->second == value) continue;
      ADD_FAILURE() << name << ": at " << cell.first << " " << cell.second << ": expected " << value << ", found "
                    << (found == mine.samples.end() ? "nothing" : std::to_string(found->second));
      break;
    }
    for (const auto& [key, file] : of.conflicts) {
      const auto found = mine.conflicts.find(key);
      if (found != mine.conflicts.end() && found->second == file) continue;
      ADD_FAILURE() << name << ": conflict at " << std::get<1>(key) << " " << std::get<0>(key) << " of " << std::get<2>(key) << " in " << file
                    << ": " << (found == mine.conflicts.end() ? "not there" : "names " + found->second);
      break;
    }
  }
}

}  // namespace pv::testing
