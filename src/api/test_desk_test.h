#pragma once
/// A desk in memory for this room's tests: it takes what begins with "T302", and puts it on record in a real ledger.

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "ingest/ledger.h"
#include "model/arrival.h"

namespace pv::api {

class TestDesk final : public model::ArrivalDesk {
 public:
  explicit TestDesk(ingest::Ledger& ledger) : ledger_(ledger) {}

  std::size_t quota = 1U << 30U;  // of one file
  bool disk_is_full = false;

  Result<std::unique_ptr<model::IncomingFile>> begin(const model::Place& place, std::string_view name, Start, const model::Sender& sender) override {
    if (place.device.str() == "parsed") return fail(Errc::denied, "parsed cannot be written to");
    const std::string path = place.tenant.str() + "/" + place.campaign.str() + "/" + place.device.str() + "/" + std::string(name);
    const std::lock_guard lock(mutex_);
    if (!arriving_.insert(path).second) return fail(Errc::conflict, "another transfer of this file is running");
    return std::unique_ptr<model::IncomingFile>(std::make_unique<Incoming>(*this, path, place, sender));
  }
  Result<model::FileId> rename(const model::Place&, std::string_view, const model::Place&, std::string_view, const model::Sender&) override {
    return fail(Errc::denied, "not in this test");
  }
  Result<void> remove(const model::Place&, std::string_view, const model::Sender&) override { return fail(Errc::denied, "not in this test"); }
  Result<void> make_campaign(const model::TenantName&, const model::CampaignName&, const model::Sender&) override { return {}; }
  Result<void> make_device(const model::Place&, const model::Sender&) override { return {}; }

  /// Finished files by path.
  std::map<std::string, std::string> files() {
    const std::lock_guard lock(mutex_);
    return files_;
  }
  bool is_arriving(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return arriving_.contains(path);
  }

 private:
  class Incoming final : public model::IncomingFile {
   public:
    Incoming(TestDesk& desk, std::string path, model::Place place, model::Sender sender)
        : desk_(desk), path_(std::move(path)), place_(std::move(place)), sender_(std::move(sender)) {}
    ~Incoming() override {
      const std::lock_guard lock(desk_.mutex_);
      desk_.arriving_.erase(path_);
    }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
      if (desk_.disk_is_full) return fail(Errc::io, "/srv/data: No space left on device");
      if (offset + bytes.size() > desk_.quota) return fail(Errc::denied, "the quota of this company is full");
      bytes_.resize(std::max<std::size_t>(bytes_.size(), offset + bytes.size()));
      std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
      return {};
    }
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    Result<model::FileId> finish() override {
      if (!bytes_.starts_with("T302")) return fail(Errc::invalid_input, "line 1: this is no logger file");
      ingest::FoundFile file{"/nowhere/" + path_, place_, {}, {}, bytes_.size()};
      const ingest::Ledger::Arrival arrival{std::move(file), path_, std::nullopt, sender_, {}};
      PV_TRY(const auto arrived, desk_.ledger_.arrive(std::span(&arrival, 1)));
      const std::lock_guard lock(desk_.mutex_);
      desk_.files_[path_] = bytes_;
      return arrived.at(0).id;
    }

    void discard() override { bytes_.clear(); }

   private:
    TestDesk& desk_;
    std::string path_;
    model::Place place_;
    model::Sender sender_;
    std::string bytes_;
  };

  ingest::Ledger& ledger_;
  std::mutex mutex_;
  std::set<std::string> arriving_;
  std::map<std::string, std::string> files_;
};

}  // namespace pv::api
