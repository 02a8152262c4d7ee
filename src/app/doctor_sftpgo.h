#pragma once
/// SFTPGo in front of `serve`, where one was set up.
///   Threads: no state.

#include <filesystem>
#include <string>
#include <vector>

#include "app/doctor.h"
#include "app/settings.h"

namespace pv::app {

/// Where one is found: the variables that `powerview deploy render` writes for SFTPGo's own package, the folder that its container fills once it has
/// run, and its web pages (their port may also be among the variables).
struct SftpgoPlaces {
  std::filesystem::path variables = "/etc/sftpgo/env.d/powerview.env";
  std::filesystem::path stack_folder = "/opt/powerview-stack/sftpgo";
  std::string pages = "http://127.0.0.1:8080";
};

/// Nothing where there is no sign of one. A secret for its hook is no sign: every rendered .env has one.
[[nodiscard]] std::vector<Diagnosis> examine_sftpgo(const Settings& settings, const SftpgoPlaces& places = {});

}  // namespace pv::app
