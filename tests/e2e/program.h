#pragma once
/// The real program on folders of a test's own.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "testing/child.h"
#include "testing/temp_folder.h"

namespace pv::testing {

inline Ended run_program(std::vector<std::string> arguments, const Child::Environment& environment = {}, const std::function<void()>& prepare = {}) {
  arguments.insert(arguments.begin(), PV_BINARY);
  return Child(arguments, environment, prepare).wait();
}

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// A file of company "acme", as tests hand it in.
inline constexpr const char* kName = "T302_250803_031500.tsv";
inline constexpr const char* kPath = "acme/north/02001084/T302_250803_031500.tsv";

/// A data folder and a state folder, and the commands that work on them.
class Installation {
 public:
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  [[nodiscard]] std::filesystem::path state() const { return folder_ / "state"; }
  [[nodiscard]] std::filesystem::path path() const { return folder_.path(); }

  std::filesystem::path given(const std::string& name, std::string_view content) const { return write_file(data() / name, content); }
  void given_fleet(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"generate", "--out", data().string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_program(arguments);
    ASSERT_EQ(ended.code, 0) << ended.err;
  }

  [[nodiscard]] std::vector<std::string> ingest_line(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> line = {"ingest", "--data-folder", data().string(), "--state-dir", state().string(), "--zone", "Europe/Paris"};
    line.insert(line.end(), more.begin(), more.end());
    return line;
  }
  [[nodiscard]] Ended ingest(const std::vector<std::string>& more = {}) const { return run_program(ingest_line(more)); }
  [[nodiscard]] Ended verify() const { return run_program({"verify", "--data-folder", data().string(), "--state-dir", state().string()}); }
  [[nodiscard]] Ended export_samples(const std::string& tenant, const std::string& campaign) const {
    return run_program({"export", "--state-dir", state().string(), "--tenant", tenant, "--campaign", campaign, "--to", "samples"});
  }
  /// All campaigns' samples, by "company/campaign".
  [[nodiscard]] std::map<std::string, std::string> export_all() const {
    std::map<std::string, std::string> all;
    for (const auto& tenant : std::filesystem::directory_iterator(data())) {
      for (const auto& campaign : std::filesystem::directory_iterator(tenant.path())) {
        const Ended ended = export_samples(tenant.path().filename(), campaign.path().filename());
        EXPECT_EQ(ended.code, 0) << ended.err;
        all[tenant.path().filename().string() + "/" + campaign.path().filename().string()] = ended.out;
      }
    }
    return all;
  }
  /// Every logger file below the data folder: its content, and whether it lies in parsed/, in error/ or neither.
  [[nodiscard]] std::multiset<std::pair<std::string, std::string>> fates() const {
    std::multiset<std::pair<std::string, std::string>> fates;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data())) {
      if (!entry.is_regular_file() || entry.path().extension() != ".tsv") continue;
      const std::string folder = entry.path().parent_path().filename();
      fates.insert({content_of(entry.path()), folder == "parsed" || folder == "error" ? folder : "waiting"});
    }
    return fates;
  }

 private:
  TempFolder folder_;
};

}  // namespace pv::testing
