/// What people do that nobody planned for: each of these once moved, mixed or mislabelled something.
#include <filesystem>

#include "e2e/program.h"

namespace pv::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHead = "02001171\t02001171\t02001171\nMV_T302_V002\tPh 1 V\tA kW\n";

std::string with_rows(const std::string& value) {
  return kHead + std::string("03/08/25 03:00:00\t230.10\t") + value + "\n03/08/25 03:10:00\t230.20\t" + value + "\n03/08/25 03:20:00\t230.30\t" + value + "\n";
}

TEST(OddUse, AFolderNamedAsAFileIsRefusedAndStaysWhereItIs) {
  const Installation at;
  at.given("co/camp/02001171/a.tsv", with_rows("1.5"));
  const Ended ended = at.ingest({"--tsv-file", (at.data() / "co/camp/02001171").string()});
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.err.find("is a folder"), std::string::npos) << ended.err;
  EXPECT_TRUE(fs::exists(at.data() / "co/camp/02001171/a.tsv"));
  EXPECT_FALSE(fs::exists(at.data() / "co/camp/error"));
}

TEST(OddUse, AFileBehindALinkedFolderIsNotTakenAndNotMoved) {
  const Installation at;
  write_file(at.path() / "outside/o.tsv", with_rows("1.5"));
  fs::create_directories(at.data() / "co/camp");
  fs::create_directory_symlink(at.path() / "outside", at.data() / "co/camp/02001171");
  const Ended ended = at.ingest({"--tsv-file", (at.data() / "co/camp/02001171/o.tsv").string()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.out.find("symbolic link"), std::string::npos) << ended.out;
  EXPECT_TRUE(fs::exists(at.path() / "outside/o.tsv"));
}

TEST(OddUse, AHiddenFileNamedByHandStaysWhereItIs) {
  const Installation at;
  at.given("co/camp/02001171/.a.tsv", with_rows("1.5"));
  const Ended ended = at.ingest({"--tsv-file", (at.data() / "co/camp/02001171/.a.tsv").string()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(fs::exists(at.data() / "co/camp/02001171/.a.tsv"));
}

TEST(OddUse, ARejectedFileWithTheLongestNameHasItsReasonBesideIt) {
  const Installation at;
  const std::string name = std::string(251, 'n') + ".tsv";
  at.given("co/camp/02001171/" + name, "no header\n");
  EXPECT_EQ(at.ingest().code, 1);
  EXPECT_TRUE(fs::exists(at.data() / "co/camp/02001171/error" / name));
  std::size_t reasons = 0;
  for (const auto& entry : fs::directory_iterator(at.data() / "co/camp/02001171/error")) {
    reasons += entry.path().string().ends_with(".reason.json") ? 1 : 0;
  }
  EXPECT_EQ(reasons, 1U);
}

TEST(OddUse, TheSameBytesInAnotherZoneAreNoted) {
  const Installation at;
  at.given("co/camp/02001171/a.tsv", with_rows("1.5"));
  EXPECT_EQ(at.ingest().code, 0);
  at.given("co/camp/02001171/b.tsv", with_rows("1.5"));
  const Ended ended = at.ingest({"--zone", "UTC"});
  const Ended other = run_program({"ingest", "--data-folder", at.data().string(), "--state-dir", at.state().string(), "--zone", "UTC"});
  EXPECT_NE((ended.out + other.out).find("stored_in_another_zone"), std::string::npos) << ended.out << ended.err << other.out;
}

TEST(OddUse, OutputThatCannotBeWrittenIsNoSuccess) {
  const Installation at;
  const fs::path file = at.given("co/camp/02001171/a.tsv", with_rows("1.5"));
  for (const std::string command : {"inspect", "convert"}) {
    const std::string line = std::string(PV_BINARY) + " " + command + " '" + file.string() + "'" + (command == "convert" ? " --to samples" : "") + " >/dev/full";
    const Ended ended = Child({"/bin/sh", "-c", line}, {}, {}).wait();
    EXPECT_EQ(ended.code, 3) << command;
    EXPECT_NE(ended.err.find("No space left"), std::string::npos) << ended.err;
  }
}

TEST(OddUse, EnergyHasAFieldOfItsOwnInWattHours) {
  const Installation at;
  at.given("co/camp/02001171/a.tsv", with_rows("1.5"));
  ASSERT_EQ(at.ingest().code, 0);
  const std::vector<std::string> ask = {"query", "--state-dir", at.state().string(), "--tenant", "co", "--campaign", "camp", "--agg", "energy", "--bucket", "month"};
  const auto to = [&](const std::string& form) {
    std::vector<std::string> line = ask;
    line.insert(line.end(), {"--to", form});
    return run_program(line).out;
  };
  // Three rows of ten minutes at 1.5 kW: 750 Wh, the first row's interval included.
  EXPECT_NE(to("samples").find("\tM02001171_Ch1_M02001171_Wh\t750\n"), std::string::npos) << to("samples");
  EXPECT_NE(to("line-protocol").find("channel_unit=Wh"), std::string::npos) << to("line-protocol");
  EXPECT_EQ(to("line-protocol").find("_kW="), std::string::npos) << to("line-protocol");
}

TEST(OddUse, ARowOfTheYear2099IsLeftOutAndAFileOfSuchRowsIsRejected) {
  const Installation at;
  at.given("co/camp/02001171/one.tsv", with_rows("1.5") + "03/08/99 03:30:00\t230.10\t1.5\n03/08/25 03:40:00\t230.10\t1.5\n");
  at.given("co/camp/02001171/all.tsv", kHead + std::string("03/08/99 03:30:00\t230.10\t1.5\n"));
  const Ended ended = at.ingest({"--json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.out.find("time_in_future"), std::string::npos) << ended.out;
  EXPECT_TRUE(fs::exists(at.data() / "co/camp/02001171/error/all.tsv.reason.json"));
  const Ended samples = at.export_samples("co", "camp");
  EXPECT_EQ(std::count(samples.out.begin(), samples.out.end(), '\n'), 8) << samples.out;
}

TEST(OddUse, ConvertKeepsCompaniesApart) {
  const Installation at;
  const fs::path a = at.given("a/camp/02001171/x.tsv", with_rows("1.0"));
  const fs::path b = at.given("b/camp/02001171/x.tsv", with_rows("2.0"));
  const Ended ended = run_program({"convert", a.string(), b.string(), "--to", "samples"});
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 12) << "two companies, three rows, two channels";
}

}  // namespace
}  // namespace pv::testing
