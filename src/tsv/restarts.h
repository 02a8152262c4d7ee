#pragma once
/// Restart rows become events. In files marked UTC some firmware stamps just these rows in local time, which shows only
/// when the next measured row is known: until then a restart is pending.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/sample_block.h"
#include "model/zone.h"
#include "tsv/table.h"

namespace pv::tsv {

class Restarts {
 public:
  /// A new header begins. `local_zone`: the zone that such firmware stamps in; none when all stamps are local anyway.
  void begin(std::optional<model::Zone> local_zone);

  /// A restart row; `row`: its index in the table when it is stored as zeros too.
  void add(std::int64_t time_s, std::optional<std::size_t> row);
  [[nodiscard]] bool pending() const noexcept { return pending_from_ < events_.size(); }

  /// The next measured row is known: puts the pending stamps right. Returns how many moved.
  std::uint64_t settle(std::int64_t measured_s, Table& table);
  /// No measured row will follow; the stamps stay as they are.
  void settle_as_they_are() noexcept { pending_from_ = events_.size(); }
  /// Drops the pending ones, and their rows of zeros. Returns how many.
  std::uint64_t drop_pending(Table& table);
  /// Drops all since begin(). Returns how many.
  std::uint64_t drop_all();

  /// By time, each once.
  [[nodiscard]] std::vector<model::Event> take_sorted();

 private:
  std::optional<model::Zone> local_zone_;
  std::vector<model::Event> events_;
  std::size_t first_ = 0;         // of this header
  std::size_t pending_from_ = 0;
  std::vector<std::size_t> rows_;  // of the pending events, when they are stored as zeros too
};

}  // namespace pv::tsv
