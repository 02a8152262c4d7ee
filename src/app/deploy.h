#pragma once
/// The files that set up a machine: templates with typed placeholders, filled with checked values and written into a folder that can be rendered
/// again. A placeholder is @NAME@ with NAME of [A-Z_]; a value has been checked for its type before it gets anywhere near a file, so that none can
/// end a line, a string or a block of it.
///   Errors: invalid_input: names the value or the files and what to do; io, denied: of the folder.
///   Threads: no state; safe.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/deploy_templates.h"
#include "base/result.h"

namespace pv::app {

enum class Placeholder : std::uint8_t {
  domain,  // "powerview.example.org": two labels or more of [a-z0-9-]
  path,    // absolute, of [A-Za-z0-9._/+-]
  port,    // 1 to 65535
  number,  // of a user or group
  zone,    // a name of the time zone database
  capability,  // none, or CAP_NET_BIND_SERVICE
  secret,  // 16 to 128 of [A-Za-z0-9_-]; a file that has one is its owner's alone
};

/// Errors: invalid_input: names the placeholder, and quotes the value unless it is a secret.
[[nodiscard]] Result<void> check_placeholder(Placeholder type, std::string_view name, std::string_view value);

struct DeployValue {
  Placeholder type;
  std::string text;
};
using DeployValues = std::map<std::string, DeployValue, std::less<>>;  // by the name between the @

struct DeployFile {
  std::string path;  // relative
  std::string text;
  bool is_secret = false;
};

/// A folder that the service can write to: none that its unit hides or replaces. Errors: invalid_input, as above.
[[nodiscard]] Result<void> check_service_folder(std::string_view name, std::string_view folder);

/// The ports of one machine, by option: each its own, and none that the proxy or the stack has. Errors: invalid_input names both.
[[nodiscard]] Result<void> check_ports(std::span<const std::pair<std::string_view, std::string_view>> ports);

/// All templates filled. Checks every value. Errors: corrupt: a template has a placeholder that no value is for.
[[nodiscard]] Result<std::vector<DeployFile>> fill_templates(std::span<const DeployTemplate> templates, const DeployValues& values);

/// The values that were drawn before, by the lines NAME=value of `env_file`; of these names only. Nothing when there is no such file.
[[nodiscard]] Result<std::map<std::string, std::string>> drawn_before(const std::filesystem::path& env_file, std::span<const std::string_view> names);

struct Rendered {
  std::vector<std::string> written;    // new or with another content than before
  std::vector<std::string> unchanged;
};

/// Writes the files below `folder`, each whole or not at all; what was written is noted in <folder>/.rendered. A file that somebody has changed since
/// (or put there) is never overwritten: then nothing is written at all. Errors: invalid_input: names those files.
[[nodiscard]] Result<Rendered> write_rendered(const std::filesystem::path& folder, std::span<const DeployFile> files);

}  // namespace pv::app
