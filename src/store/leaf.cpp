#include "store/leaf.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace pv::store {
namespace {

using model::Column;

void add_run(OriginRuns& runs, OriginRun run) {
  if (run.rows == 0) return;
  if (!runs.empty() && runs.back().origin == run.origin) {
    runs.back().rows += run.rows;
  } else {
    runs.push_back(run);
  }
}

/// Runs of an incoming piece: all whole rows, but for at most one provisional row.
OriginRuns runs_of(const IncomingRows& incoming) {
  OriginRuns runs;
  const auto rows = static_cast<std::uint32_t>(incoming.rows());
  const auto begin = static_cast<std::uint32_t>(incoming.begin);
  const bool has_provisional = incoming.provisional_row && *incoming.provisional_row >= incoming.begin &&
                               *incoming.provisional_row < incoming.end;
  if (!has_provisional) {
    add_run(runs, {Origin::of(incoming.file, false), rows});
    return runs;
  }
  const std::uint32_t before = *incoming.provisional_row - begin;
  add_run(runs, {Origin::of(incoming.file, false), before});
  add_run(runs, {Origin::of(incoming.file, true), 1});
  add_run(runs, {Origin::of(incoming.file, false), rows - before - 1});
  return runs;
}

/// Index of the column of a channel; the column is made, all missing, when the leaf has none.
std::size_t column_of(Leaf& leaf, std::int64_t channel) {
  const auto found = std::find(leaf.channels.begin(), leaf.channels.end(), channel);
  if (found != leaf.channels.end()) return static_cast<std::size_t>(found - leaf.channels.begin());
  leaf.channels.push_back(channel);
  leaf.columns.emplace_back().push_missing(leaf.rows());
  if (leaf.origins.empty()) leaf.origins.emplace_back();
  leaf.group.push_back(0);
  return leaf.channels.size() - 1;
}

std::vector<Origin> expand(const OriginRuns& runs, std::size_t rows) {
  std::vector<Origin> origins;
  origins.reserve(rows);
  for (const OriginRun& run : runs) origins.insert(origins.end(), run.rows, run.origin);
  PV_CHECK(origins.size() == rows);
  return origins;
}

OriginRuns compress(const std::vector<Origin>& origins) {
  OriginRuns runs;
  for (const Origin origin : origins) add_run(runs, {origin, 1});
  return runs;
}

/// Columns whose origins read the same share one group.
void share_groups(Leaf& leaf, const std::vector<OriginRuns>& by_column) {
  leaf.origins.clear();
  for (std::size_t c = 0; c < by_column.size(); ++c) {
    const auto found = std::find(leaf.origins.begin(), leaf.origins.end(), by_column[c]);
    leaf.group[c] = static_cast<std::uint32_t>(found - leaf.origins.begin());
    if (found == leaf.origins.end()) leaf.origins.push_back(by_column[c]);
  }
}

/// One row of the merged leaf: where it stands in each input, or kNone.
struct RowPair {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t old_row = kNone;
  std::uint32_t new_row = kNone;
};

std::vector<RowPair> interleave(const std::vector<std::int64_t>& old_times, const IncomingRows& incoming) {
  std::vector<RowPair> pairs;
  pairs.reserve(old_times.size() + incoming.rows());
  std::size_t o = 0;
  std::size_t n = incoming.begin;
  while (o < old_times.size() || n < incoming.end) {
    RowPair pair;
    const std::int64_t old_s = o < old_times.size() ? old_times[o] : INT64_MAX;
    const std::int64_t new_s = n < incoming.end ? incoming.block->time_s[n] : INT64_MAX;
    if (old_s <= new_s) pair.old_row = static_cast<std::uint32_t>(o++);
    if (new_s <= old_s) pair.new_row = static_cast<std::uint32_t>(n++);
    pairs.push_back(pair);
  }
  return pairs;
}

void push_cell(Column& to, const Column& from, std::size_t row) {
  if (from.is_missing(row)) {
    to.push_missing();
  } else if (from.kind == Column::Kind::decimal) {
    to.push_decimal(from.mantissa[row], from.decimals);
  } else {
    to.push_real(from.real[row]);
  }
}

}  // namespace

std::uint64_t Leaf::samples() const noexcept {
  std::uint64_t count = 0;
  for (const Column& column : columns) count += column.size() - column.missing;
  return count;
}

void append_rows(Leaf& leaf, const IncomingRows& incoming, MergeTally& tally) {
  const std::size_t rows = incoming.rows();
  if (rows == 0) return;
  PV_CHECK(leaf.rows() == 0 || incoming.first_s() > leaf.time_s.back());
  std::vector<bool> filled(leaf.channels.size(), false);
  for (std::size_t c = 0; c < incoming.channels.size(); ++c) {
    const std::size_t column = column_of(leaf, incoming.channels[c]);
    filled.resize(leaf.channels.size(), false);
    Column& to = leaf.columns[column];
    const std::uint32_t missing_before = to.missing;
    to.append(incoming.block->columns[c], incoming.begin, incoming.end);
    tally.samples_new += rows - (to.missing - missing_before);
    filled[column] = true;
  }
  for (std::size_t c = 0; c < leaf.columns.size(); ++c) {
    if (!filled[c]) leaf.columns[c].push_missing(rows);
  }
  leaf.time_s.insert(leaf.time_s.end(), incoming.block->time_s.begin() + static_cast<std::ptrdiff_t>(incoming.begin),
                     incoming.block->time_s.begin() + static_cast<std::ptrdiff_t>(incoming.end));
  for (OriginRuns& runs : leaf.origins) {
    for (const OriginRun& run : runs_of(incoming)) add_run(runs, run);
  }
}

void merge_rows(Leaf& leaf, const IncomingRows& incoming, const RanksBelow& ranks_below, MergeTally& tally,
                std::vector<Contest>& contests) {
  if (incoming.rows() == 0) return;
  std::vector<std::size_t> source(leaf.channels.size(), incoming.channels.size());
  for (std::size_t c = 0; c < incoming.channels.size(); ++c) {
    const std::size_t column = column_of(leaf, incoming.channels[c]);
    source.resize(leaf.channels.size(), incoming.channels.size());
    source[column] = c;
  }
  const std::size_t old_rows = leaf.rows();
  const std::vector<RowPair> pairs = interleave(leaf.time_s, incoming);
  std::vector<std::vector<Origin>> old_origins;
  for (const OriginRuns& runs : leaf.origins) {
    old_origins.push_back(runs.empty() ? std::vector<Origin>(old_rows) : expand(runs, old_rows));
  }
  const auto incoming_origin = [&](std::uint32_t row) {
    return Origin::of(incoming.file, incoming.provisional_row && *incoming.provisional_row == row);
  };

  std::vector<OriginRuns> by_column(leaf.columns.size());
  for (std::size_t c = 0; c < leaf.columns.size(); ++c) {
    const Column& old_column = leaf.columns[c];
    const Column* new_column = source[c] < incoming.channels.size() ? &incoming.block->columns[source[c]] : nullptr;
    const std::vector<Origin>& old_origin = old_origins[leaf.group[c]];
    Column merged;
    merged.reserve(pairs.size());
    std::vector<Origin> origins;
    origins.reserve(pairs.size());
    for (std::size_t row = 0; row < pairs.size(); ++row) {
      const RowPair pair = pairs[row];
      const bool has_old = pair.old_row != RowPair::kNone && !old_column.is_missing(pair.old_row);
      const bool has_new =
          pair.new_row != RowPair::kNone && new_column != nullptr && !new_column->is_missing(pair.new_row);
      if (!has_old && !has_new) {
        merged.push_missing();
        // Any origin would do; taking the row's own keeps columns alike, so that they share a group.
        origins.push_back(pair.new_row != RowPair::kNone ? incoming_origin(pair.new_row) : old_origin[pair.old_row]);
        continue;
      }
      if (has_old != has_new) {
        if (has_new) ++tally.samples_new;
        push_cell(merged, has_old ? old_column : *new_column, has_old ? pair.old_row : pair.new_row);
        origins.push_back(has_old ? old_origin[pair.old_row] : incoming_origin(pair.new_row));
        continue;
      }
      const Origin theirs = old_origin[pair.old_row];
      const Origin ours = incoming_origin(pair.new_row);
      const bool new_wins = !ranks_below(ours, theirs);
      const double old_value = old_column.value(pair.old_row);
      const double new_value = new_column->value(pair.new_row);
      push_cell(merged, new_wins ? *new_column : old_column, new_wins ? pair.new_row : pair.old_row);
      origins.push_back(new_wins ? ours : theirs);
      if (old_value == new_value) {
        ++tally.samples_same;
        continue;
      }
      ++(new_wins ? tally.samples_replaced : tally.samples_outranked);
      contests.push_back({leaf.channels[c], leaf.time_s[pair.old_row], new_wins ? new_value : old_value,
                          new_wins ? old_value : new_value, new_wins ? theirs : ours});
    }
    leaf.columns[c] = std::move(merged);
    by_column[c] = compress(origins);
  }

  std::vector<std::int64_t> times;
  times.reserve(pairs.size());
  for (const RowPair pair : pairs) {
    times.push_back(pair.old_row != RowPair::kNone ? leaf.time_s[pair.old_row] : incoming.block->time_s[pair.new_row]);
  }
  leaf.time_s = std::move(times);
  share_groups(leaf, by_column);
}

void append_leaf(Leaf& leaf, const Leaf& later) {
  const std::size_t rows = leaf.rows();
  std::vector<OriginRuns> by_column;
  for (const std::int64_t channel : later.channels) column_of(leaf, channel);
  for (std::size_t c = 0; c < leaf.columns.size(); ++c) {
    OriginRuns runs = leaf.origins[leaf.group[c]];
    if (runs.empty() && rows > 0) runs.push_back({Origin{}, static_cast<std::uint32_t>(rows)});
    const auto found = std::find(later.channels.begin(), later.channels.end(), leaf.channels[c]);
    const bool present = found != later.channels.end();
    const auto at = static_cast<std::size_t>(found - later.channels.begin());
    if (present) {
      leaf.columns[c].append(later.columns[at], 0, later.rows());
    } else {
      leaf.columns[c].push_missing(later.rows());
    }
    for (const OriginRun& run : later.origins[present ? later.group[at] : 0]) add_run(runs, run);
    by_column.push_back(std::move(runs));
  }
  leaf.time_s.insert(leaf.time_s.end(), later.time_s.begin(), later.time_s.end());
  share_groups(leaf, by_column);
}

Leaf split_leaf(Leaf& leaf, std::int64_t time_s) {
  const auto cut = static_cast<std::size_t>(std::lower_bound(leaf.time_s.begin(), leaf.time_s.end(), time_s) - leaf.time_s.begin());
  const auto take = [&](std::size_t from, std::size_t to) {
    Leaf part;
    part.channels = leaf.channels;
    part.group.resize(leaf.channels.size());
    part.time_s.assign(leaf.time_s.begin() + static_cast<std::ptrdiff_t>(from), leaf.time_s.begin() + static_cast<std::ptrdiff_t>(to));
    std::vector<OriginRuns> by_column;
    for (std::size_t c = 0; c < leaf.columns.size(); ++c) {
      part.columns.emplace_back().append(leaf.columns[c], from, to);
      OriginRuns runs;
      std::size_t at = 0;
      for (const OriginRun& run : leaf.origins[leaf.group[c]]) {
        const std::size_t begin = std::max(at, from);
        const std::size_t end = std::min(at + run.rows, to);
        if (begin < end) add_run(runs, {run.origin, static_cast<std::uint32_t>(end - begin)});
        at += run.rows;
      }
      by_column.push_back(std::move(runs));
    }
    share_groups(part, by_column);
    // A channel without a value in this part needs no column here.
    Leaf lean;
    lean.time_s = std::move(part.time_s);
    lean.origins = std::move(part.origins);
    for (std::size_t c = 0; c < part.columns.size(); ++c) {
      if (part.columns[c].missing == part.columns[c].size()) continue;
      lean.channels.push_back(part.channels[c]);
      lean.columns.push_back(std::move(part.columns[c]));
      lean.group.push_back(part.group[c]);
    }
    return lean;
  };
  Leaf later = take(cut, leaf.rows());
  leaf = take(0, cut);
  return later;
}

}  // namespace pv::store
