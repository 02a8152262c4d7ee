#pragma once
/// A logger's series put aside within VictoriaMetrics, under other names (powerview_aside_…), while they are deleted and written anew from a truth that
/// is a part: what no file at hand can give again is then in no program's memory, but on VictoriaMetrics' disk.
///
/// Each step can be repeated: only instants that are not at the other place are copied. Of two values at one instant the greater, as it is read.
/// Values beyond 15 digits are rounded to 15.
///   Errors: as victoria/server.h. Memory: the instants of one channel, and a batch of 4 MiB. Threads: confined to one.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/channel.h"
#include "model/names.h"
#include "victoria/labels.h"
#include "victoria/server.h"

namespace pv::victoria {

class SetAside {
 public:
  /// A channel, under whatever names it has had; nothing: the restart events.
  using Part = std::optional<model::Channel>;

  SetAside(Server& server, const model::TenantName& tenant, model::ChannelIdStyle style, model::CampaignName campaign, std::string logger_sn)
      : server_(server), tenant_(tenant), style_(style), campaign_(std::move(campaign)), sn_(std::move(logger_sn)) {}

  /// Puts them aside; returns when the copy is whole and outlives a crash of VictoriaMetrics.
  Result<void> take(const std::vector<Part>& parts);
  /// Gives back, to series that lack them, the instants that are aside; returns when they are there and outlive a crash.
  Result<void> give_back();
  /// Deletes what is aside.
  Result<void> drop();

 private:
  enum class Deed : std::uint8_t { copy, count };
  Result<void> carry(const std::vector<Part>& parts, Shelf from, Shelf to);
  /// How many instants `to` lacks, or lacked.
  Result<std::uint64_t> pass(const Part& part, Shelf from, Shelf to, Deed deed);
  Result<std::vector<Part>> parts_aside();
  [[nodiscard]] Selector of_logger() const;
  [[nodiscard]] std::string all_aside() const;
  [[nodiscard]] std::string selector(const Part& part, Shelf shelf) const;

  Server& server_;
  const model::TenantName& tenant_;
  model::ChannelIdStyle style_;
  model::CampaignName campaign_;
  std::string sn_;
};

}  // namespace pv::victoria
