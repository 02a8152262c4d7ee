#pragma once
/// How channels, restart events and PowerView's own notes are named in VictoriaMetrics, there and back.
///
/// Line "electrical,<labels> <field>=<value> <seconds>" becomes the metric electrical_<field> with the labels of the documented InfluxDB layout, and
/// `db`, the company. Companies share one VictoriaMetrics: every selector made here holds db="<company>", escaped.
/// A channel is read from its labels, never from the metric's name, so that both styles of channel ids read alike.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/channel.h"
#include "model/names.h"

namespace pv::victoria {

/// Name and value, `__name__` among them.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// "" when it is not there.
[[nodiscard]] std::string_view label(const Labels& labels, std::string_view name) noexcept;

/// The channel that a series holds; nothing when it is none of ours: its labels are missing or not what a logger file can say.
[[nodiscard]] std::optional<model::Channel> channel_of(const Labels& labels);

/// What makes a channel within a campaign, whatever the style of its id: its device_first field name.
[[nodiscard]] std::string field_of(const model::Channel& channel);

/// Where series lie: where everybody reads them, or put aside while they are written anew (victoria/set_aside.h).
enum class Shelf : std::uint8_t { open, aside };

/// A line up to its value: "electrical,db=…,campaign=… M1_U1_M1_V=", aside "powerview_aside,…".
[[nodiscard]] std::string line_head(const model::TenantName& tenant, const model::CampaignName& campaign, const model::Channel& channel,
                                    model::ChannelIdStyle style, Shelf shelf = Shelf::open);
/// "logger_event,db=…,campaign=…,device_master_sn=… restart=", aside "powerview_aside,…".
[[nodiscard]] std::string event_head(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn,
                                     Shelf shelf = Shelf::open);
/// A note of the copy itself: "powerview,db=…[,campaign=…,device_master_sn=…] <field>=".
[[nodiscard]] std::string note_head(const model::TenantName& tenant, std::string_view field);
[[nodiscard]] std::string note_head(const model::TenantName& tenant, const model::CampaignName& campaign, std::string_view logger_sn,
                                    std::string_view field);

inline constexpr std::string_view kRestartMetric = "logger_event_restart";
inline constexpr std::string_view kRestartAsideMetric = "powerview_aside_restart";
inline constexpr std::string_view kGenerationMetric = "powerview_generation";  // Unix ms, a sample each time that a copy was brought up to date
inline constexpr std::string_view kChangedMetric = "powerview_changed";  // at the instants of a generation: Unix seconds of the first row that may be another
inline constexpr std::string_view kRewritingMetric = "powerview_rewriting";    // there while a logger's series are deleted and written again

/// A series selector: {db="company",campaign="camp \"x\"",…}.
class Selector {
 public:
  explicit Selector(const model::TenantName& tenant);
  Selector& equals(std::string_view name, std::string_view value) &;
  /// All channels.
  Selector& channels(Shelf shelf = Shelf::open) &;
  /// One channel, under whatever name; it needs the campaign and the logger.
  Selector& channel(const model::Channel& one, Shelf shelf = Shelf::open) &;
  /// Restart events.
  Selector& events(Shelf shelf = Shelf::open) &;
  /// Notes of changes: generation and changed.
  Selector& changes() &;
  /// Everything that is put aside.
  Selector& all_aside() &;
  /// Channels and restart events.
  Selector& channels_and_events() &;
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  std::string text_;
};

}  // namespace pv::victoria
