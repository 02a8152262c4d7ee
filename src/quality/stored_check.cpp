#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "quality/header_check.h"
#include "quality/stored_rows.h"

namespace pv::quality {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kChannelsAtOnce = 128;  // bounds the memory of a block that is read
constexpr std::size_t kNotShared = std::numeric_limits<std::size_t>::max();

/// An instant that the file and the store both know.
struct Shared {
  std::int64_t time_s;
  std::size_t row;  // of the file's table
};

/// Values at the shared instants; NaN where there is none.
using Values = std::vector<double>;

struct Agreement {
  std::size_t both = 0;  // instants at which both have a value
  std::size_t same = 0;
  std::size_t distinct = 0;  // numbers among the same ones
};

bool has_distinct_values(const Values& values) {
  std::set<double> numbers;
  for (const double value : values) {
    if (!std::isnan(value) && numbers.insert(value).second && numbers.size() == kFewestDistinct) return true;
  }
  return false;
}

/// They cannot agree any more; a few cells tell for channels that have nothing in common.
bool is_hopeless(const Values& file, const Values& stored) {
  const auto allowed = static_cast<std::size_t>((1 - kAgrees) * static_cast<double>(file.size())) + 1;
  std::size_t different = 0;
  for (std::size_t i = 0; i < file.size() && different <= allowed; ++i) {
    if (!std::isnan(file[i]) && !std::isnan(stored[i]) && file[i] != stored[i]) ++different;
  }
  return different > allowed;
}

Agreement compare(const Values& file, const Values& stored) {
  Agreement answer;
  std::set<double> numbers;
  for (std::size_t i = 0; i < file.size(); ++i) {
    if (std::isnan(file[i]) || std::isnan(stored[i])) continue;
    ++answer.both;
    if (file[i] != stored[i]) continue;
    ++answer.same;
    if (numbers.size() < kFewestDistinct) numbers.insert(file[i]);
  }
  answer.distinct = numbers.size();
  return answer;
}

bool agrees(const Agreement& a) {
  return a.both >= kFewestShared && a.distinct >= kFewestDistinct && static_cast<double>(a.same) >= kAgrees * static_cast<double>(a.both);
}

bool disagrees(const Agreement& a) {
  return a.both >= kFewestShared && static_cast<double>(a.same) <= kDisagrees * static_cast<double>(a.both);
}

/// One table of the file beside its logger in the store.
class StoredCheck {
 public:
  StoredCheck(const model::LoggerTable& table, model::SampleSnapshot& stored, model::LoggerOfCampaign logger)
      : table_(table), stored_(stored), logger_(std::move(logger)) {}

  Result<void> run(std::vector<Finding>& findings);

 private:
  Result<void> find_shared();
  Result<void> list_channels();
  /// Stored values of some of channels_ at the shared instants.
  Result<std::vector<Values>> read(std::span<const std::size_t> channels);
  [[nodiscard]] Values file_values(std::size_t column) const;
  /// Columns that disagree with their own channel, or have none.
  Result<std::vector<std::size_t>> suspects();
  Result<void> explain(std::span<const std::size_t> columns, std::vector<Finding>& findings);
  [[nodiscard]] Finding finding(std::size_t column, const Agreement& own, std::size_t other, const Agreement& elsewhere) const;

  const model::LoggerTable& table_;
  model::SampleSnapshot& stored_;
  model::LoggerOfCampaign logger_;
  std::vector<Shared> shared_;
  std::vector<model::ChannelSummary> channels_;  // of the logger
  std::vector<std::size_t> own_;                 // by the file's columns: their channel, or kNotShared
  std::vector<Agreement> agreement_;             // by the file's columns: with their channel
};

Result<void> StoredCheck::find_shared() {
  const std::vector<std::int64_t>& times = table_.rows.time_s;
  PV_TRY(const std::vector<std::int64_t> stamps, stored_stamps(stored_, logger_.logger.id, {times.front(), times.back() + 1}));
  std::vector<Shared> all;
  auto at = times.begin();
  for (const std::int64_t stamp : stamps) {
    at = std::lower_bound(at, times.end(), stamp);
    if (at == times.end()) break;
    if (*at == stamp) all.push_back({stamp, static_cast<std::size_t>(at - times.begin())});
  }
  const std::size_t stride = (all.size() + kMostShared - 1) / kMostShared;
  for (std::size_t i = 0; i < all.size(); i += stride) shared_.push_back(all[i]);
  return {};
}

Result<void> StoredCheck::list_channels() {
  PV_TRY(std::vector<model::ChannelSummary> all, stored_.channels(logger_.campaign));
  std::unordered_map<std::string, std::size_t> by_field;
  for (model::ChannelSummary& channel : all) {
    if (channel.logger != logger_.logger.id) continue;
    by_field.emplace(channel.field, channels_.size());
    channels_.push_back(std::move(channel));
  }
  for (const model::Channel& channel : table_.channels) {
    const auto found = by_field.find(model::field_name(channel, model::ChannelIdStyle::device_first));
    own_.push_back(found == by_field.end() ? kNotShared : found->second);
  }
  return {};
}

Result<std::vector<Values>> StoredCheck::read(std::span<const std::size_t> channels) {
  std::vector<Values> values(channels.size(), Values(shared_.size(), kNoValue));
  PV_TRY(const std::vector<model::BlockRef> blocks,
         stored_.blocks(logger_.logger.id, {shared_.front().time_s, shared_.back().time_s + 1}));
  model::SampleBlock rows;
  for (const model::BlockRef& block : blocks) {
    for (std::size_t from = 0; from < channels.size(); from += kChannelsAtOnce) {
      const std::size_t to = std::min(channels.size(), from + kChannelsAtOnce);
      std::vector<model::ChannelId> wanted;
      for (std::size_t c = from; c < to; ++c) wanted.push_back(channels_[channels[c]].id);
      PV_TRY_VOID(stored_.read(0, block, wanted, rows));
      for (std::size_t i = 0; i < shared_.size(); ++i) {
        const auto row = std::lower_bound(rows.time_s.begin(), rows.time_s.end(), shared_[i].time_s);
        if (row == rows.time_s.end() || *row != shared_[i].time_s) continue;
        for (std::size_t c = from; c < to; ++c) values[c][i] = rows.columns[c - from].value(static_cast<std::size_t>(row - rows.time_s.begin()));
      }
    }
  }
  return values;
}

Values StoredCheck::file_values(std::size_t column) const {
  Values values;
  for (const Shared& shared : shared_) values.push_back(table_.rows.columns[column].value(shared.row));
  return values;
}

Result<std::vector<std::size_t>> StoredCheck::suspects() {
  std::vector<std::size_t> known;  // channels that the file has too
  for (const std::size_t channel : own_) {
    if (channel != kNotShared) known.push_back(channel);
  }
  PV_TRY(const std::vector<Values> values, read(known));
  std::vector<std::size_t> suspects;
  std::size_t next = 0;
  for (std::size_t column = 0; column < own_.size(); ++column) {
    agreement_.push_back(own_[column] == kNotShared ? Agreement{} : compare(file_values(column), values[next++]));
    if (agreement_.back().both == 0 || disagrees(agreement_.back())) suspects.push_back(column);
  }
  return suspects;
}

Finding StoredCheck::finding(std::size_t column, const Agreement& own, std::size_t other, const Agreement& elsewhere) const {
  const std::string here = own.both == 0 ? "have no such channel at these instants"
                                         : fmt::format("say otherwise at {} of {} instants", own.both - own.same, own.both);
  return {fmt::format("{}: other files of this logger {}, and have these values as {} at {} of {} instants", shown(table_.channels[column]),
                      here, shown(channels_[other].channel), elsewhere.same, elsewhere.both),
          model::field_name(table_.channels[column], model::ChannelIdStyle::device_first), FindingKind::stored_elsewhere};
}

Result<void> StoredCheck::explain(std::span<const std::size_t> columns, std::vector<Finding>& findings) {
  std::vector<std::size_t> all(channels_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  PV_TRY(const std::vector<Values> stored, read(all));
  for (const std::size_t column : columns) {
    if (findings.size() >= kMostFindings) break;
    const Values values = file_values(column);
    if (!has_distinct_values(values)) continue;
    const bool is_new = agreement_[column].both == 0;
    std::optional<std::size_t> best;
    Agreement best_agreement;
    for (std::size_t other = 0; other < all.size(); ++other) {
      if (other == own_[column] || is_hopeless(values, stored[other])) continue;
      const Agreement agreement = compare(values, stored[other]);
      if (!agrees(agreement) || (best && agreement.same <= best_agreement.same)) continue;
      // Two clamps around one wire: a new channel may be the twin of one that the file has as well.
      const auto twin = std::find(own_.begin(), own_.end(), other);
      if (is_new && twin != own_.end() && agrees(agreement_[static_cast<std::size_t>(twin - own_.begin())])) continue;
      best = other;
      best_agreement = agreement;
    }
    if (best) findings.push_back(finding(column, agreement_[column], *best, best_agreement));
  }
  return {};
}

Result<void> StoredCheck::run(std::vector<Finding>& findings) {
  PV_TRY_VOID(find_shared());
  if (shared_.size() < kFewestShared) return {};
  PV_TRY_VOID(list_channels());
  PV_TRY(const std::vector<std::size_t> columns, suspects());
  return columns.empty() ? Result<void>() : explain(columns, findings);
}

}  // namespace

Result<std::vector<Finding>> check_stored(std::span<const model::LoggerTable> tables, model::SampleSnapshot& stored,
                                          const model::CampaignName& campaign) {
  std::vector<Finding> findings;
  for (const model::LoggerTable& table : tables) {
    if (table.channels.empty() || table.rows.time_s.empty() || findings.size() >= kMostFindings) continue;
    PV_TRY(std::optional<model::LoggerOfCampaign> logger, stored.logger(campaign, table.channels.front().master_sn));
    if (!logger) continue;
    std::vector<Finding> of_table;
    PV_TRY_VOID(StoredCheck(table, stored, std::move(*logger)).run(of_table));
    for (Finding& finding : of_table) {
      const bool known = std::any_of(findings.begin(), findings.end(), [&](const Finding& other) { return other.column == finding.column; });
      if (!known && findings.size() < kMostFindings) findings.push_back(std::move(finding));
    }
  }
  return findings;
}

Result<std::vector<Finding>> check_header(std::span<const model::LoggerTable> tables, model::SampleSnapshot& stored,
                                          const model::CampaignName& campaign) {
  std::vector<Finding> findings = check_values(tables);
  PV_TRY(const std::vector<Finding> by_store, check_stored(tables, stored, campaign));
  findings.insert(findings.end(), by_store.begin(), by_store.end());
  return findings;
}

}  // namespace pv::quality
