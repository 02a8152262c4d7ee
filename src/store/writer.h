#pragma once
/// The writing side of one tenant's store: files' samples merged into blocks, in one transaction a call.
///
///   Durable: when write() returns, the samples survive kill -9 and a power cut.
///   Threads: one caller at a time. Other processes may write too; they wait for each other.
///   Cost: a file that continues where its logger stopped adds one small tail block. Anything else decodes, merges and
///   rewrites the blocks it touches, and no others.

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "model/delivery.h"

namespace pv::store {

struct WriterOptions {
  unsigned encoders = 2;  // threads that compress blocks when a call brings much
};

class Writer final : public model::SampleSink {
 public:
  /// Opens the store file, making it when there is none.
  static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& path, WriterOptions options = {});
  ~Writer() override;

  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override;

  /// Rewrites leaves that have gathered many tail blocks into one settled block each, and folds the write-ahead log into the
  /// file. Changes no sample. Worth calling
  /// after a run of write() calls; write() does it by itself only when a leaf would get out of hand.
  Result<void> settle();

  /// Removes a campaign with everything that belongs to it, and gives the space back to the disk.
  /// Errors: not_found names the campaign.
  Result<void> erase_campaign(const model::CampaignName& campaign);

 private:
  class State;
  explicit Writer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::store
