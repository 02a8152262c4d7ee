#pragma once
/// A desk for tests: takes files into a folder as the contract of model::ArrivalDesk has it, durable and with a judgement (content
/// that begins with "BAD" is no logger file), and remembers what it took.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/folder.h"
#include "model/arrival.h"
#include "testing/temp_folder.h"

namespace pv::sftp::testing {

class FolderDesk final : public model::ArrivalDesk {
 public:
  explicit FolderDesk(std::filesystem::path data) : data_(Folder::open(data).value()), path_(std::move(data)) {}

  /// "company/campaign/device/name" of each file that was taken, in order.
  [[nodiscard]] std::vector<std::string> taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  void refuse_beyond(std::uint64_t bytes) { most_bytes_ = bytes; }

  Result<std::unique_ptr<model::IncomingFile>> begin(const model::Place& place, std::string_view name, Start start, const model::Sender&) override {
    if (!model::is_logger_file_name(name) && !model::is_transfer_name(name)) return fail(Errc::denied, "only files ending in .tsv are taken");
    const std::string folder = folder_of(place);
    const std::string key = folder + "/" + std::string(name);
    {
      const std::lock_guard lock(mutex_);
      if (!running_.insert(key).second) return fail(Errc::conflict, "another transfer is running");
    }
    const auto made = data_.make_folders(folder);
    auto file = made ? data_.file(folder + "/" + std::string(model::kPartialPrefix) + std::string(name), O_RDWR | O_CREAT | (start == Start::fresh ? O_TRUNC : 0))
                     : Result<FileDescriptor>(fail(made.error()));
    if (!file) {
      end(key);
      return fail(file.error());
    }
    return std::unique_ptr<model::IncomingFile>(new Incoming(*this, key, folder, std::string(name), std::move(*file)));
  }

  Result<model::FileId> rename(const model::Place& from, std::string_view from_name, const model::Place& to, std::string_view to_name, const model::Sender&) override {
    if (!model::is_logger_file_name(to_name) && !model::is_transfer_name(to_name)) return fail(Errc::denied, "only files ending in .tsv are taken");
    const std::string source = folder_of(from) + "/" + std::string(from_name), target = folder_of(to) + "/" + std::string(to_name);
    if (model::is_logger_file_name(to_name) && is_bad(source)) return fail(Errc::invalid_input, "line 1: this is no logger file");
    PV_TRY_VOID(data_.make_folders(folder_of(to)));
    PV_TRY_VOID(data_.move(source, target));
    return record(target, to_name);
  }

  Result<void> remove(const model::Place& place, std::string_view name, const model::Sender&) override {
    const std::string folder = folder_of(place);
    if (name.find("taken") != std::string_view::npos) return fail(Errc::denied, "the file has been taken and stays");
    if (auto removed = data_.remove_file(folder + "/" + std::string(name)); removed || removed.error().kind() != Errc::not_found) return removed;
    return data_.remove_file(folder + "/" + std::string(model::kPartialPrefix) + std::string(name));
  }
  Result<void> make_campaign(const model::TenantName& tenant, const model::CampaignName& campaign, const model::Sender&) override {
    PV_TRY_VOID(data_.make_folders(tenant.str()));
    return data_.make_folder(tenant.str() + "/" + campaign.str());
  }
  Result<void> make_device(const model::Place& place, const model::Sender&) override { return data_.make_folder(folder_of(place)); }

 private:
  class Incoming final : public model::IncomingFile {
   public:
    Incoming(FolderDesk& desk, std::string key, std::string folder, std::string name, FileDescriptor file)
        : desk_(desk), key_(std::move(key)), folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)) {
      struct stat status {};
      if (fstat(file_.get(), &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
    }
    ~Incoming() override { desk_.end(key_); }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
      if (offset + bytes.size() > desk_.most_bytes_) return fail(Errc::denied, "the company's space is used up");
      if (pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) != static_cast<ssize_t>(bytes.size())) return fail(Errc::io, "cannot write");
      size_ = std::max(size_, offset + bytes.size());
      return {};
    }
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    Result<model::FileId> finish() override {
      fsync(file_.get());
      const std::string partial = folder_ + "/" + std::string(model::kPartialPrefix) + name_;
      if (model::is_logger_file_name(name_) && desk_.is_bad(partial)) {
        PV_TRY_VOID(desk_.data_.make_folders(folder_ + "/error"));
        PV_TRY_VOID(desk_.data_.move(partial, folder_ + "/error/" + name_));
        return fail(Errc::invalid_input, "line 1: this is no logger file");
      }
      for (int number = 1;; ++number) {
        const std::string target = folder_ + "/" + numbered_name(name_, number).string();
        const auto moved = desk_.data_.move(partial, target);
        if (moved) return desk_.record(target, name_);
        if (moved.error().kind() != Errc::conflict) return fail(moved.error());
      }
    }

    void discard() override {}  // nobody over SFTP does

   private:
    FolderDesk& desk_;
    std::string key_, folder_, name_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;
  };

  [[nodiscard]] static std::string folder_of(const model::Place& place) { return place.tenant.str() + "/" + place.campaign.str() + "/" + place.device.str(); }
  [[nodiscard]] bool is_bad(const std::string& file) const { return pv::testing::content_of(path_ / file).starts_with("BAD"); }
  model::FileId record(const std::string& file, std::string_view name) {
    if (!model::is_logger_file_name(name)) return {};
    const std::lock_guard lock(mutex_);
    taken_.push_back(file);
    return {static_cast<std::int64_t>(taken_.size())};
  }
  void end(const std::string& key) {
    const std::lock_guard lock(mutex_);
    running_.erase(key);
  }

  Folder data_;
  std::filesystem::path path_;
  std::uint64_t most_bytes_ = std::uint64_t{1} << 40;
  mutable std::mutex mutex_;
  std::set<std::string> running_;
  std::vector<std::string> taken_;
};

}  // namespace pv::sftp::testing
