#pragma once
/// How files come in: the desk that takes them, and what it needs to know of who hands them in. The SFTP server and the HTTP
/// upload hand files to it; what becomes of them afterwards is the desk's business.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/names.h"

namespace pv::model {

/// The device folder a file belongs into: <data>/<tenant>/<campaign>/<device>/.
struct Place {
  TenantName tenant;
  CampaignName campaign;
  DeviceName device;
  bool operator==(const Place&) const = default;
};

enum class Way : std::uint8_t {
  sftp,
  http,
  hook,     // another SFTP server said so
  watch,    // seen when it was put into the folder
  scan,     // found when the folders were looked through
  command,  // `powerview ingest`
};
[[nodiscard]] std::string_view to_string(Way way) noexcept;

struct Sender {
  Way way = Way::scan;
  std::string who;      // account, user or token; "" when unknown
  std::string address;  // of the network; "" when there is none
};

/// Names a ledger's entry of one file.
struct FileId {
  std::int64_t value = 0;
  auto operator<=>(const FileId&) const = default;
};

/// While a file is on its way it has this name: kPartialPrefix + its own. Whoever lists a folder for a sender shows it
/// under its own name (unless a finished file has it), so that an interrupted transfer can go on where it stopped.
inline constexpr std::string_view kPartialPrefix = ".incoming~";

/// A file that is being written. Going without finish() keeps what was written, for a later resume().
///   Threads: one at a time.
class IncomingFile {
 public:
  virtual ~IncomingFile() = default;
  /// At any offset, in any order. Errors: denied (quota, size limit: the text is for the sender), io (disk full).
  virtual Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Makes it a file: durable, judged, under its own name, on record. A file that had the name and is not read yet keeps
  /// its bytes under another ("name~2.tsv"). For a name that is no logger file's (a client's temporary one) nothing is judged or
  /// recorded, and the id is 0.
  /// Errors: invalid_input: not a logger file; it now lies in error/ with its reason, and the text is for the sender. Others: nothing
  /// is lost and trying again may work.
  virtual Result<FileId> finish() = 0;
  /// Takes away what was written: its sender was told that nothing is kept. Not after finish() has succeeded.
  virtual void discard() = 0;
};

/// Takes files in. Names of files: 1 to 200 bytes of valid UTF-8, no '/', no control character, no backslash, not beginning with '.',
/// ending in ".tsv" or in an ending that clients use while they upload (see is_transfer_name); other names are denied with
/// a text for the sender. `parsed` and `error` cannot be written to.
///   Errors: denied and invalid_input have texts for the sender; not_found; conflict; io; unavailable.
///   Threads: safe.
class ArrivalDesk {
 public:
  enum class Start : std::uint8_t {
    fresh,   // from nothing; what was there of an interrupted transfer goes
    resume,  // on with what is there of an interrupted transfer
  };
  virtual ~ArrivalDesk() = default;

  /// Folders are made when missing. Errors: conflict: another transfer of this name is running.
  virtual Result<std::unique_ptr<IncomingFile>> begin(const Place& place, std::string_view name, Start start, const Sender& sender) = 0;
  /// Gives a file that is not taken yet another name (a client's "x.tsv.part" becomes "x.tsv": then it is judged and recorded
  /// as finish() does, and stays under its old name when it is no logger file's content).
  virtual Result<FileId> rename(const Place& from, std::string_view from_name, const Place& to, std::string_view to_name, const Sender& sender) = 0;
  /// Removes a file that has not been taken. Errors: denied when it has been.
  virtual Result<void> remove(const Place& place, std::string_view name, const Sender& sender) = 0;
  /// A campaign's folder, or a device's in it; conflict when it is there.
  virtual Result<void> make_campaign(const TenantName& tenant, const CampaignName& campaign, const Sender& sender) = 0;
  virtual Result<void> make_device(const Place& place, const Sender& sender) = 0;
};

/// "x.tsv" in any case of letters, not beginning with '.'.
[[nodiscard]] bool is_logger_file_name(std::string_view name) noexcept;
/// A name clients give a logger file while they upload it: it ends in ".tsv" followed by ".part", ".filepart", ".partial", ".tmp",
/// or ".upload" in any case.
[[nodiscard]] bool is_transfer_name(std::string_view name) noexcept;

}  // namespace pv::model
