/// The way over from the Python scripts, as docs/guide tells it: a trial on a copy that keeps up with what the scripts file, and its store taken over.
#include <nlohmann/json.hpp>

#include "e2e/program.h"
#include "testing/logger_text.h"

namespace pv::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kDevice = "acme/north/02001084";

/// What `verify` calls filed by somebody else, below the data folder.
std::vector<std::string> filed_by_others(const Installation& at) {
  const json outcome = json::parse(run_program({"verify", "--data-folder", at.data().string(), "--state-dir", at.state().string(), "--json"}).out, nullptr, false);
  std::vector<std::string> paths;
  for (const json& found : outcome["differences"]) {
    EXPECT_EQ(found["kind"], "unknown_filed_file") << found.dump();
    paths.push_back(found["path"]);
  }
  return paths;
}

void take_back(const Installation& at, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const fs::path file = at.data() / path;
    fs::rename(file, file.parent_path().parent_path() / file.filename());
  }
}

TEST(MovingOver, ATrialTakesWhatTheScriptsFiledMeanwhileAndItsStoreGoesOnInTheirFolder) {
  const auto name = [](int day) { return "T302_25080" + std::to_string(day) + "_031500.tsv"; };
  const auto content = [](int day) {
    LoggerText file;
    file.first_s += day * std::int64_t{86'400};
    return file.text();
  };
  const Installation scripts, trial;
  const fs::path device = scripts.data() / kDevice;
  const auto filed = [&](int day) { write_file(device / "parsed" / name(day), content(day)); };
  filed(1), filed(2);
  write_file(device / name(3), content(3));
  // The trial starts with the whole history.
  fs::copy(scripts.data(), trial.data(), fs::copy_options::recursive);
  take_back(trial, {std::string(kDevice) + "/parsed/" + name(1), std::string(kDevice) + "/parsed/" + name(2)});
  ASSERT_EQ(trial.ingest().code, 0);
  EXPECT_TRUE(filed_by_others(trial).empty());
  // By the morning the scripts have filed the third, and a fourth that came in the night.
  fs::rename(device / name(3), device / "parsed" / name(3));
  filed(4);
  fs::copy(scripts.data(), trial.data(), fs::copy_options::recursive | fs::copy_options::skip_existing);
  const std::vector<std::string> news = filed_by_others(trial);
  EXPECT_EQ(news, std::vector<std::string>{std::string(kDevice) + "/parsed/" + name(4)});
  take_back(trial, news);
  ASSERT_EQ(trial.ingest().code, 0);
  EXPECT_TRUE(filed_by_others(trial).empty());
  // The store that the installation made is away; the trial's knows the scripts' own folder.
  filed(5);
  fs::rename(trial.state(), scripts.state());
  const std::vector<std::string> last = filed_by_others(scripts);
  EXPECT_EQ(last, std::vector<std::string>{std::string(kDevice) + "/parsed/" + name(5)});
  take_back(scripts, last);
  ASSERT_EQ(scripts.ingest().code, 0);
  const Installation calm;
  for (int day = 1; day <= 5; ++day) calm.given(std::string(kDevice) + "/" + name(day), content(day));
  ASSERT_EQ(calm.ingest().code, 0);
  EXPECT_TRUE(scripts.export_all() == calm.export_all());
}

}  // namespace
}  // namespace pv::testing
