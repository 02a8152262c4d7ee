#pragma once
/// What SFTPGo says when something happened to a file, by variables of a program hook or as JSON, and what it means for us.
/// Everything in it is hostile until resolved: paths need not exist, nor lie where they claim.
///   Threads: values; functions have no state.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pv::ingest {

struct HookEvent {
  std::string action;                       // "upload", "rename", "mkdir", …; "" when it does not say (post_disconnect)
  std::string username, ip, protocol, session;
  std::string path, target;                 // paths of the file system; target: of rename and copy
  std::string virtual_path, virtual_target; // as the account sees them
  int status = 1;                           // 1 ok, 2 error, 3 quota exceeded
  std::int64_t timestamp_ns = 0;
  bool operator==(const HookEvent&) const = default;
};

/// From SFTPGO_ACTION… and SFTPGO_CONNECTION_… . Errors: invalid_input: none of them is there, or one is no such value.
[[nodiscard]] Result<HookEvent> event_of_variables(const std::map<std::string, std::string>& variables);
/// The variables of this process that such a hook can have.
[[nodiscard]] std::map<std::string, std::string> hook_variables();
/// From the body of an HTTP hook. Errors: invalid_input: no JSON object, or a member of another type.
[[nodiscard]] Result<HookEvent> event_of_json(std::string_view json);
[[nodiscard]] std::string to_json(const HookEvent& event);

/// What is to be done about an event.
struct HookMeaning {
  enum class Kind : std::uint8_t {
    file,      // this file is whole
    folder,    // this folder was made
    scan,      // something may have come; nobody says what
    nothing,   // not our business, or it failed: `note` says why
  };
  Kind kind = Kind::nothing;
  std::filesystem::path path;  // of file and folder: relative to the data folder, for certain below it
  std::string note;            // for the log and the answer
};

/// Paths of the file system must lie below the data folder; a virtual path counts when its account is named like a tenant.
/// What cannot be resolved for certain means a scan. Looks at no file, and follows links of folders only.
[[nodiscard]] HookMeaning meaning_of(const HookEvent& event, const std::filesystem::path& data_folder);

}  // namespace pv::ingest
