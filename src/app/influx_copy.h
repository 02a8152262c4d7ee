#pragma once
/// What an operator does with a company's copy in InfluxDB by hand: bring it what it lacks, compare it, average it anew.
///   Threads: confined to one.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/downsampling.h"
#include "app/settings.h"
#include "app/zones.h"
#include "base/result.h"
#include "ingest/outbox.h"
#include "model/mirror.h"
#include "model/source.h"

namespace pv::app {

/// Of a company: everything, or one campaign, or what lies in a period.
struct CopyRange {
  std::optional<model::CampaignName> campaign;
  model::Period period{std::numeric_limits<std::int64_t>::min() / 4, std::numeric_limits<std::int64_t>::max() / 4};
};

/// A piece of work of a bounded size: a logger's month.
struct CopyStep {
  model::Stretch stretch;
  std::string key;  // of the record of what is done: "site/02001171/2025-08"
};
/// In the order of campaigns, loggers, months (UTC).
[[nodiscard]] Result<std::vector<CopyStep>> copy_steps(model::SampleSnapshot& truth, const CopyRange& range);

/// Which steps of a backfill are done, so that one that was stopped goes on: a file that goes away at the end.
class StepRecord {
 public:
  /// `name` tells the backfill: what, whose, which range.
  static Result<StepRecord> open(const std::filesystem::path& state_dir, const std::string& name);
  [[nodiscard]] bool has(const std::string& key) const { return done_.contains(key); }
  [[nodiscard]] std::size_t count() const noexcept { return done_.size(); }
  Result<void> add(const std::string& key);
  Result<void> finish();

 private:
  explicit StepRecord(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
  std::set<std::string> done_;
};

/// A day and field for which truth and copy differ.
struct CopyDifference {
  CopyStep step;
  std::int64_t day_s = 0;
  std::string field;
  std::uint64_t truth_samples = 0, copy_samples = 0;
  double truth_sum = 0, copy_sum = 0;
};

struct CopyComparison {
  std::uint64_t days = 0;     // and fields, compared
  std::uint64_t samples = 0;  // of the truth
  std::vector<CopyDifference> differences;
};
/// Campaigns done, of all, and the days of channels compared so far.
using Progress = std::function<void(std::size_t, std::size_t, std::uint64_t)>;
/// Counts and sums by local day and field, of everything that either has. Sums may differ by what adding in another order gives. Two requests for some
/// thousand days of loggers.
[[nodiscard]] Result<CopyComparison> compare_copy(model::SampleSnapshot& truth, Downsampling& copy, const model::TenantName& tenant, const CopyRange& range, const Settings& settings,
                                                  const Zones& zones, const Progress& progress);
/// What is done with samples that the copy has and the truth does not.
enum class Extra : std::uint8_t {
  keep,    // they may be all that is left of another time
  remove,  // a logger's whole days are deleted there before they are sent again
};
/// Sends the days that differ again, as they are now. With `outbox` they are also put on its list before anything is deleted, so that what a crash leaves
/// undone ends right. Days that are deleted lose their events too; the means of their weeks are made anew.
[[nodiscard]] Result<model::MirrorOutcome> repair_copy(const Settings& settings, model::SampleSource& truth, Downsampling& copy, const model::TenantName& tenant,
                                                       const CopyComparison& comparison, Extra extra, ingest::Outbox* outbox);

/// Runs with a snapshot of the truth while nobody else sends to InfluxDB: what changes later is sent later, by whoever sends it.
[[nodiscard]] Result<model::MirrorOutcome> in_turn(const Settings& settings, model::SampleSource& truth, const std::function<Result<model::MirrorOutcome>(model::SampleSnapshot&)>& send);

}  // namespace pv::app
