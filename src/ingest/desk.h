#pragma once
/// The desk where files come in: from the SFTP server, from HTTP, and from transfers that broke off. It writes them under a partial
/// name, makes them durable, judges their header, gives them their name and puts them on record; only then is the sender told OK.
///
///   Order of a good file: bytes, fsync, header judged, whoever has the name moved aside, rename, fsync of the folder, ledger, wake.
///   A fault point stands after each. Breaking off anywhere loses nothing: before the rename there is a partial file, after it
///   a file that the scan finds.
///   Contract: model/arrival.h. Threads: safe.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder.h"
#include "base/result.h"
#include "ingest/ledger.h"
#include "ingest/usage.h"
#include "model/arrival.h"

namespace pv::ingest {

struct DeskOptions {
  std::filesystem::path data_folder;
  Ledger* ledger = nullptr;  // outlives the desk
  Usage* usage = nullptr;    // outlives the desk; null: no quotas
  std::function<void()> wake = {};  // a file is on record; called on the sender's thread, must be quick
  std::uint64_t max_file_bytes = 256U << 20;
  std::vector<std::string> extra_formats = {};
  /// A campaign's folder was made.
  std::function<void(const model::TenantName&, const model::CampaignName&)> campaign_made = {};
};

struct FileVerdict;

class Desk final : public model::ArrivalDesk {
 public:
  /// Errors: not_found, denied, io: the data folder.
  static Result<std::unique_ptr<Desk>> open(DeskOptions options);
  ~Desk() override;

  Result<std::unique_ptr<model::IncomingFile>> begin(const model::Place& place, std::string_view name, Start start,
                                                     const model::Sender& sender) override;
  Result<FileId> rename(const model::Place& from, std::string_view from_name, const model::Place& to, std::string_view to_name,
                        const model::Sender& sender) override;
  Result<void> remove(const model::Place& place, std::string_view name, const model::Sender& sender) override;
  Result<void> make_campaign(const model::TenantName& tenant, const model::CampaignName& campaign, const model::Sender& sender) override;
  Result<void> make_device(const model::Place& place, const model::Sender& sender) override;

  /// Whether a transfer of this file is running; `path` as in the ledger, with the file's own name.
  [[nodiscard]] bool is_arriving(std::string_view path) const;
  /// Makes a file of what an interrupted transfer has left (`name` is the file's own): as finish() does, in the name of its
  /// sender, who is known unless the program was started again since. Errors: conflict: a transfer of it is running; as finish().
  Result<FileId> adopt(const model::Place& place, std::string_view name);

 private:
  class Incoming;
  struct Seat;
  explicit Desk(DeskOptions options, Folder root);
  Result<Seat> take_seat(const model::Place& place, std::string_view name);
  Result<Folder> device_folder(const model::Place& place) const;  // made when missing
  void announce_campaign(const model::Place& place) const;
  Result<void> move_aside(const Seat& seat);
  Result<void> give_name(const Seat& seat, const Folder& from, const std::string& standing_as);
  /// From a name in a folder to its own name, judged and on record.
  Result<FileId> hand_in(const Seat& seat, const Folder& from, const std::string& standing_as, const model::Sender& sender);
  void settle_refused_before(const Seat& seat, const FileIdentity& now) const;
  Error refuse(const Seat& seat, const Folder& from, const std::string& standing_as, const FileVerdict& verdict, const model::Sender& sender);

  DeskOptions options_;
  Folder root_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> arriving_;                        // paths of running transfers
  std::map<std::string, model::Sender, std::less<>> interrupted_;      // whose partial files there are; bounded
};

}  // namespace pv::ingest
