#pragma once
/// Real logger files, where there are any. PV_SHARED_DIR names the folder that holds data/; without it, a folder `shared`
/// beside the sources, the working directory, or a folder above them. Tests that need them skip, saying so.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pv::testing {

struct RealFile {
  std::string path;  // below data/: "company/campaign/device/name"
  std::string text;

  [[nodiscard]] std::string name() const { return path.substr(path.rfind('/') + 1); }
};

inline std::optional<std::filesystem::path> real_files_folder() {
  namespace fs = std::filesystem;
  if (const char* named = std::getenv("PV_SHARED_DIR")) return fs::path(named) / "data";
  for (const char* start : {".", PV_SOURCE_DIR}) {
    for (fs::path at = fs::absolute(start); at != at.root_path(); at = at.parent_path()) {
      if (fs::exists(at / "shared" / "expected" / "index.tsv")) return at / "shared" / "data";
    }
  }
  return std::nullopt;
}

/// By path.
inline std::vector<RealFile> real_files() {
  std::vector<RealFile> files;
  const auto folder = real_files_folder();
  if (!folder || !std::filesystem::is_directory(*folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".tsv") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back({entry.path().lexically_relative(*folder).generic_string(), {std::istreambuf_iterator<char>(in), {}}});
  }
  std::sort(files.begin(), files.end(), [](const RealFile& a, const RealFile& b) { return a.path < b.path; });
  return files;
}

class RealFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    files_ = real_files();
    if (files_.empty()) GTEST_SKIP() << "no real files here; PV_SHARED_DIR may name the folder that holds data/";
  }
  [[nodiscard]] const RealFile& file(const std::string& name) const {
    const auto found = std::find_if(files_.begin(), files_.end(), [&](const RealFile& f) { return f.name() == name; });
    if (found == files_.end()) throw std::runtime_error("no real file " + name);
    return *found;
  }

  std::vector<RealFile> files_;
};

}  // namespace pv::testing
