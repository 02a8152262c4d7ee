#pragma once
/// What one account sees: "/" is its company's folder, below it /campaign/device/file, and parsed/ and error/ below a device.
///
///   Paths: from the client, made absolute from "/"; '.' and '..' are settled by their letters alone and never lead above "/".
///   Names with control characters, a backslash, invalid UTF-8 or more than 255 bytes are refused; names beginning with '.' are
///   neither shown nor reachable. Upper and lower case, composed and decomposed letters are different names.
///   Links are not shown, not followed and not made, wherever in the tree somebody else put them.
///   A file that is on its way (model::kPartialPrefix) shows under its own name, unless a finished file has it.
///   Reading goes through a Folder, so it cannot leave the tree whatever happens to it meanwhile; writing goes to the desk, and
///   to files in a device's folder only.
///   Errors: denied and invalid_input have texts for the client. Others (not_found, conflict, io, unavailable) may name paths of
///   the server and are for the log.
///   Threads: one at a time. The data folder and the desk outlive it and serve many jails.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder.h"
#include "base/result.h"
#include "model/arrival.h"

namespace pv::sftp {

struct Seen {
  enum class Kind : std::uint8_t { folder, file };
  enum class Access : std::uint8_t { read_write, read_only };
  Kind kind = Kind::file;
  Access access = Access::read_write;
  std::uint64_t size = 0;
  std::int64_t modified_s = 0;  // since 1970, UTC
};

struct Listed {
  std::string name;
  Seen seen;
};

/// What a client wants of a file that it opens to write.
struct WriteWish {
  enum class Missing : std::uint8_t { refuse, create, create_only };  // create_only: refuse what is there
  enum class Content : std::uint8_t { keep, drop };
  Missing missing = Missing::create;
  Content content = Content::drop;
};

class Jail {
 public:
  Jail(const Folder& data, model::ArrivalDesk& desk, model::TenantName tenant, model::Sender sender)
      : data_(data), desk_(desk), tenant_(std::move(tenant)), sender_(std::move(sender)) {}

  /// "/a/b" of any path a client may give. Errors: denied, for names that are never let through.
  [[nodiscard]] static Result<std::string> normal_path(std::string_view path);

  [[nodiscard]] Result<Seen> look(std::string_view path) const;
  /// By name; at most `most`.
  [[nodiscard]] Result<std::vector<Listed>> list(std::string_view path, std::size_t most) const;
  [[nodiscard]] Result<FileDescriptor> open_to_read(std::string_view path) const;
  [[nodiscard]] Result<std::unique_ptr<model::IncomingFile>> open_to_write(std::string_view path, WriteWish wish) const;

  Result<model::FileId> rename(std::string_view from, std::string_view to) const;
  Result<void> remove(std::string_view path) const;
  Result<void> make_folder(std::string_view path) const;
  /// An empty campaign's or device's folder.
  Result<void> remove_folder(std::string_view path) const;

 private:
  const Folder& data_;
  model::ArrivalDesk& desk_;
  model::TenantName tenant_;
  model::Sender sender_;
};

}  // namespace pv::sftp
