#pragma once
/// A tenant's copy in VictoriaMetrics, which can neither overwrite a sample nor refuse one that it has: it keeps both. So this copy reads back.
///
///   added:    what VictoriaMetrics holds of the stretch is compared with the truth, and only what is missing is sent. A lost answer or a crash thus
///             leaves nothing twice. A cell that differs, is there twice, or is not in the truth makes its series differ.
///   changed:  the same over the logger's whole time.
///   differs:  only whole series can be deleted, so those series are deleted and written again from the truth, all blocks. A note
///             (powerview_rewriting) stands in VictoriaMetrics meanwhile: whoever finds it after a crash compares the logger's whole time.
///   after:    what was sent is read back. What a VictoriaMetrics took and does not show lies outside its retention (-retentionPeriod, one month
///             unless set), or more than two days ahead, and is refused. At last a sample of powerview_generation tells readers of the change, and
///             put() returns when all of it outlives a crash of VictoriaMetrics.
/// Differences beyond the 12 digits that VictoriaMetrics keeps are none. Memory: a block of the truth, the same of stamps, and a batch of 4 MiB.
/// Threads: one caller at a time; no two mirrors of one tenant at once.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/channel.h"
#include "model/mirror.h"
#include "victoria/options.h"
#include "victoria/server.h"

namespace pv::victoria {

struct MirrorOptions {
  Options server;
  model::ChannelIdStyle style = model::ChannelIdStyle::device_first;
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

  Mirror(std::unique_ptr<Server> server, model::TenantName tenant, model::ChannelIdStyle style);
  Result<std::set<LoggerKey>> unfinished();
  Result<void> conclude();

  std::unique_ptr<Server> server_;
  model::TenantName tenant_;
  model::ChannelIdStyle style_;
  std::int64_t generation_ms_ = 0;
  bool must_conclude_ = true;  // something may have changed, through this mirror or its predecessor, that is not on disk or not told
};

}  // namespace pv::victoria
