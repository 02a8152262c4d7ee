#pragma once
/// A copy in InfluxDB that also keeps means by hour, local day and local week, in <bucket>_1h, _1d and _1w.
///
/// Whenever rows reach the copy, late ones and corrections too, each window they touch is computed anew from all the samples there are and written
/// over what was there: no clock is involved, so that nothing that comes late can be missed. A window is [begin, end) of the local clock of the
/// campaign's zone (weeks begin on Monday), holds the samples stamped in it, and is stamped with its end, as the dashboards of the documented stack
/// expect. A window that is not over yet holds what there is so far, and is written again as more comes.
///
/// A channel has one value an instant and window there, also when its title or another tag has changed: what was sent under the former tags is deleted
/// where it would stand beside the new (app/sent_series.h). Other instants keep the tags they were sent with. Nothing is deleted where that would take
/// what the truth may not have (keep_former()), nor under tags that all of the new points have too.
///   Errors, memory, threads: as model/mirror.h; also those of app/sent_series.h.

#include <functional>
#include <memory>

#include "app/sent_series.h"
#include "influx/mirror.h"
#include "model/zone.h"

namespace pv::app {

enum class Levels : std::uint8_t { none, means };

class Downsampling final : public model::Mirror {
 public:
  using ZoneOf = std::function<model::Zone(const model::CampaignName&)>;
  Downsampling(model::TenantName tenant, std::unique_ptr<influx::Mirror> mirror, std::unique_ptr<SentSeries> sent, Levels levels, ZoneOf zone_of)
      : tenant_(std::move(tenant)), mirror_(std::move(mirror)), sent_(std::move(sent)), levels_(levels), zone_of_(std::move(zone_of)) {}

  Result<model::MirrorOutcome> put(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) override;
  [[nodiscard]] std::int64_t not_before_s() const override { return mirror_->not_before_s(); }
  /// The truth may lack some of what was sent before: what stands under former tags stays.
  void keep_former() noexcept { keeps_former_ = true; }
  /// The copy's own samples, opened anew for each call, as another may have written meanwhile.
  using Copied = std::function<Result<std::shared_ptr<model::SampleSource>>()>;
  /// The truth may lack some of what was sent before: means are of what the copy holds, which is slower, as it is read back.
  void average_copied(Copied copied) { copied_ = std::move(copied); }
  /// The means alone.
  Result<model::MirrorOutcome> put_means(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches);
  /// Means of a logger's windows that the period touches, whoever wrote them, are deleted.
  Result<void> delete_means(const model::CampaignName& campaign, std::string_view logger_sn, model::Period period);
  /// The same, and those of the whole local weeks that it touches are written again from what is there.
  Result<model::MirrorOutcome> renew_means(model::SampleSnapshot& truth, const model::Stretch& stretch);
  [[nodiscard]] influx::Mirror& samples() noexcept { return *mirror_; }

 private:
  Result<void> drop_former(model::SampleSnapshot& truth, const model::Stretch& stretch);
  Result<model::MirrorOutcome> write_means(model::SampleSnapshot& samples, std::span<const model::Stretch> stretches);

  model::TenantName tenant_;
  std::unique_ptr<influx::Mirror> mirror_;
  std::unique_ptr<SentSeries> sent_;
  Levels levels_;
  ZoneOf zone_of_;
  bool keeps_former_ = false;
  Copied copied_;
};

}  // namespace pv::app
