#include "query/intervals.h"

#include <algorithm>

#include "query/kernels.h"

namespace pv::query {

std::vector<std::int32_t> block_intervals(const ScanBlock& block, std::span<const std::int64_t> restarts_s,
                                          std::span<const std::int64_t> times_s) {
  std::vector<std::int32_t> lengths(times_s.size(), 0);
  if (times_s.empty() || block.step_s == 0) return lengths;
  interval_lengths(times_s.data(), times_s.size(), block.step_s, lengths.data());
  const std::int64_t first = block.before_s ? std::min(times_s[0] - *block.before_s, block.step_s) : block.step_s;
  lengths[0] = static_cast<std::int32_t>(first);

  auto restart = block.before_s ? std::lower_bound(restarts_s.begin(), restarts_s.end(), *block.before_s)
                                : restarts_s.begin();
  for (; restart != restarts_s.end() && *restart < times_s.back(); ++restart) {
    const auto row = std::upper_bound(times_s.begin(), times_s.end(), *restart) - times_s.begin();
    auto& length = lengths[static_cast<std::size_t>(row)];
    length = static_cast<std::int32_t>(std::min<std::int64_t>(length, times_s[static_cast<std::size_t>(row)] - *restart));
  }
  return lengths;
}

std::vector<BucketShare> share_out(std::span<const std::int64_t> times_s, std::span<const std::int32_t> lengths_s,
                                   std::span<const std::int64_t> edges_s) {
  std::vector<BucketShare> shares;
  if (times_s.empty()) return shares;
  const auto begin_of = [&](std::size_t row) { return times_s[row] - lengths_s[row]; };
  const auto row_after = [&](std::size_t from, std::int64_t edge) {  // first row whose stamp lies after the edge
    return static_cast<std::size_t>(std::upper_bound(times_s.begin() + static_cast<std::ptrdiff_t>(from), times_s.end(),
                                                     edge) - times_s.begin());
  };
  const auto above = std::upper_bound(edges_s.begin(), edges_s.end(), begin_of(0));
  std::size_t bucket = above == edges_s.begin() ? 0 : static_cast<std::size_t>(above - edges_s.begin()) - 1;
  if (bucket + 1 >= edges_s.size()) return shares;

  std::size_t row = row_after(0, edges_s[bucket]);
  for (; bucket + 1 < edges_s.size() && row < times_s.size(); ++bucket) {
    const std::int64_t begin = edges_s[bucket];
    const std::int64_t end = edges_s[bucket + 1];
    const std::size_t next = row_after(row, end);
    BucketShare share;
    share.bucket = bucket;
    std::size_t full = row;
    if (begin_of(row) < begin) {  // an interval across the begin; it may even reach beyond the end
      share.parts[0] = {static_cast<std::uint32_t>(row), static_cast<std::int32_t>(std::min(times_s[row], end) - begin)};
      ++full;
    }
    if (next < times_s.size() && next >= full && begin_of(next) < end) {
      share.parts[1] = {static_cast<std::uint32_t>(next), static_cast<std::int32_t>(end - begin_of(next))};
    }
    share.full_begin = static_cast<std::uint32_t>(std::min(full, next));
    share.full_end = static_cast<std::uint32_t>(next);
    if (share.full_begin < share.full_end) {
      const WeightRange range = weight_range(lengths_s.data() + share.full_begin, share.full_end - share.full_begin);
      share.full_seconds = range.sum;
      share.uniform_s = range.min == range.max ? range.min : -1;
    }
    shares.push_back(share);
    row = next;
  }
  return shares;
}

}  // namespace pv::query
