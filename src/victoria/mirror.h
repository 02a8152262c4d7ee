#pragma once
/// A tenant's copy in VictoriaMetrics, which can neither overwrite a sample nor refuse one that it has: it keeps both. So this copy reads back.
///
///   compare:  what VictoriaMetrics holds of a stretch is compared with the truth, and only what is missing is sent. A lost answer or a crash thus
///             leaves nothing twice. A cell that differs or is there twice makes its series differ. With Beyond::erase also a cell that the truth has
///             not does, and a changed stretch is the logger's whole time.
///   differs:  only whole series can be deleted, so those series are deleted and written again: the truth's cells, and, but for Beyond::erase, all
///             others from a copy that VictoriaMetrics keeps meanwhile (victoria/set_aside.h). A note (powerview_rewriting) stands in VictoriaMetrics
///             until that is done; put() ends what an earlier one has left undone, by giving back what is in the copy.
///   after:    what was sent is put on disk and then read back: what is seen then outlives a crash of VictoriaMetrics, and what a crash took is
///             seen to be missing. What VictoriaMetrics took, sent twice, and does not show is refused, when it is older than all that it shows
///             (-retentionPeriod, one month unless set) or more than two days ahead; anything else that does not show is unavailable, and is brought
///             again. Samples of powerview_generation and powerview_changed tell readers of the change.
/// Differences beyond the 12 digits that VictoriaMetrics keeps are none. Memory: a block of the truth, the same of stamps, and a batch of 4 MiB.
/// Threads: one caller at a time; no two mirrors of one tenant at once, and no two programs (they take turns).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/channel.h"
#include "model/mirror.h"
#include "victoria/comparison.h"
#include "victoria/options.h"
#include "victoria/server.h"

namespace pv::victoria {

struct MirrorOptions {
  Options server;
  model::ChannelIdStyle style = model::ChannelIdStyle::device_first;
  Beyond beyond = Beyond::keep;
  std::function<bool()> is_stopped = {};  // asked between one logger and the next, and while an answer is waited for: true ends put() with unavailable
};

class Mirror final : public model::Mirror {
 public:
  /// Connects to nothing yet. Errors: invalid_input (addresses).
  static Result<std::unique_ptr<Mirror>> open(const MirrorOptions& options, const model::TenantName& tenant);
  ~Mirror() override;

  Result<model::MirrorOutcome> put(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) override;
  [[nodiscard]] std::int64_t not_before_s() const override;

 private:
  using LoggerKey = std::pair<std::string, std::string>;  // campaign, serial
  struct Put;

  Mirror(std::unique_ptr<Server> server, model::TenantName tenant, const MirrorOptions& options);
  Result<std::set<LoggerKey>> unfinished();
  Result<void> heed_stop() const;
  /// Tells readers that rows from `since_s` on may be others.
  Result<void> conclude(std::int64_t since_s);

  std::unique_ptr<Server> server_;
  model::TenantName tenant_;
  model::ChannelIdStyle style_;
  Beyond beyond_;
  std::function<bool()> is_stopped_;
  std::int64_t generation_ms_ = 0;
  bool must_conclude_ = true;  // something may have changed, through this mirror or its predecessor, that is not on disk or not told
};

}  // namespace pv::victoria
