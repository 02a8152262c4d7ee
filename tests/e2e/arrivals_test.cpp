// Files on every way in, through the real `serve` and real clients, to the samples they end as.

#include <fstream>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "testing/logger_text.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Child;
using testing::content_of;
using testing::Ended;
using testing::eventually;
using testing::Installation;
using testing::kName;
using testing::kPath;
using testing::LoggerText;
using testing::run_program;
using testing::samples_of;
using testing::Serving;
using testing::stale_header_dump;
using testing::write_file;

fs::path parsed(const Installation& at) { return at.data() / "acme/north/02001084/parsed" / kName; }

bool ingested(const Serving& serving, const std::string& path = kPath) {
  return eventually([&] { return serving.fate_of(path) == "committed"; });
}

TEST(Arrivals, WhatIsUploadedOverSftpIsIngestedAndItsReceiptCanBeRead) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  const std::string text = LoggerText{}.text();
  const fs::path local = write_file(at.path() / kName, text);
  const Ended put = serving.sftp("mkdir north\nmkdir north/02001084\nput " + local.string() + " north/02001084/\n");
  ASSERT_EQ(put.code, 0) << put.err;
  ASSERT_TRUE(ingested(serving)) << serving.run({"files"}).out;
  EXPECT_EQ(at.export_samples("acme", "north").out, samples_of(text));
  EXPECT_EQ(content_of(parsed(at)), text);
  const fs::path back = at.path() / "back";
  const Ended got = serving.sftp("get north/02001084/parsed/" + std::string(kName) + " " + back.string() + "\nget north/02001084/parsed/" + kName + ".receipt.txt " + back.string() + ".txt\n");
  ASSERT_EQ(got.code, 0) << got.err;
  EXPECT_EQ(content_of(back), text);
  EXPECT_NE(content_of(back.string() + ".txt").find("20"), std::string::npos) << "the receipt tells of the 20 rows";
  EXPECT_NE(serving.sftp("rm north/02001084/parsed/" + std::string(kName) + "\n").code, 0) << "what was ingested stays";
  EXPECT_EQ(serving.stop().code, 0);
  EXPECT_EQ(serving.run({"verify"}).code, 0) << serving.run({"verify"}).out;
}

TEST(Arrivals, ATreeOfFilesComesInOneSession) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  const Installation calm;
  calm.given_fleet({"--companies", "1", "--loggers", "3", "--channels", "6", "--days", "10", "--clean"});
  const fs::path company = *fs::directory_iterator(calm.data());
  std::size_t files = 0;
  std::string batch;
  for (const auto& campaign : fs::directory_iterator(company)) batch += "put -r \"" + campaign.path().string() + "\" .\n";
  for (const auto& entry : fs::recursive_directory_iterator(company)) files += entry.is_regular_file() ? 1 : 0;
  const Ended put = serving.sftp(batch);
  ASSERT_EQ(put.code, 0) << put.err;
  ASSERT_TRUE(eventually([&] {
    const Ended listed = serving.run({"files", "--state", "committed", "--limit", "10000", "--json"});
    const json all = json::parse(listed.out, nullptr, false);
    return all.is_array() && static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const json& file) { return file["filed"] == true; })) == files;
  })) << serving.run({"files", "--waiting"}).out;
  ASSERT_LE(calm.ingest().code, 1);
  for (const auto& campaign : fs::directory_iterator(company)) {
    EXPECT_EQ(at.export_samples("acme", campaign.path().filename()).out, calm.export_samples(company.filename(), campaign.path().filename()).out);
  }
}

TEST(Arrivals, AWrongFileIsRefusedInTheClientAndKept) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  const fs::path local = write_file(at.path() / kName, "MV_T202_V9\nno header of a logger\n1\t2\n");
  const Ended put = serving.sftp("mkdir north\nmkdir north/02001084\nput " + local.string() + " north/02001084/\n");
  EXPECT_NE(put.code, 0);
  const fs::path kept = at.data() / "acme/north/02001084/error" / kName;
  EXPECT_EQ(content_of(kept), content_of(local));
  EXPECT_NE(content_of(kept.string() + ".reason.json"), "");
  EXPECT_EQ(serving.fate_of(kPath), "rejected");
  EXPECT_FALSE(fs::exists(at.data() / kPath));
}

TEST(Arrivals, ATransferThatBrokeOffGoesOnWhereItStopped) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  LoggerText large;
  large.rows = 20'000;
  const std::string text = large.text();
  const fs::path local = write_file(at.path() / kName, text);
  ASSERT_EQ(serving.sftp("mkdir north\nmkdir north/02001084\n").code, 0);
  {
    // Slow enough to be cut in the middle.
    const fs::path batch = write_file(at.path() / "slow", "put " + local.string() + " north/02001084/\n");
    Child client({"/usr/bin/sftp", "-q", "-l", "800", "-b", batch, "-i", serving.key(), "-P", serving.sftp_port(), "-o", "StrictHostKeyChecking=no", "-o",
                  "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "logger@127.0.0.1"});
    const fs::path partial = at.data() / "acme/north/02001084" / (".incoming~" + std::string(kName));
    ASSERT_TRUE(eventually([&] {
      std::error_code code;
      return fs::file_size(partial, code) > 50'000 && !code;
    }));
    client.send(SIGKILL);
    client.wait();
  }
  ASSERT_FALSE(fs::exists(at.data() / kPath));
  const Ended resumed = serving.sftp("reput " + local.string() + " north/02001084/" + kName + "\n");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  ASSERT_TRUE(ingested(serving)) << serving.run({"files"}).out;
  EXPECT_EQ(content_of(parsed(at)), text);
  EXPECT_EQ(at.export_samples("acme", "north").out, samples_of(text));
}

TEST(Arrivals, LftpAndCurlUploadWithAPassword) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  const Ended set = Child({"/bin/sh", "-c", "echo 'correct horse battery' | " PV_BINARY " sftp-key add logger --password-stdin --config " + serving.settings().string()}).wait();
  ASSERT_EQ(set.code, 0) << set.err;
  const std::string text = LoggerText{}.text();
  const fs::path local = write_file(at.path() / kName, text);
  const std::string address = "127.0.0.1:" + serving.sftp_port();
  const Ended curl = Serving::curl({"-k", "--ftp-create-dirs", "-u", "logger:correct horse battery", "-T", local, "sftp://" + address + "/north/02001084/"});
  ASSERT_EQ(curl.code, 0) << curl.err;
  ASSERT_TRUE(ingested(serving)) << serving.run({"files"}).out;

  LoggerText later;
  later.first_s += 86'400;
  const fs::path next = write_file(at.path() / "T302_250804_031500.tsv", later.text());
  const Ended lftp = Child({"/usr/bin/lftp", "-c", "set sftp:auto-confirm yes; set net:max-retries 1; set xfer:use-temp-file yes; set xfer:temp-file-name *.part; open -u 'logger,correct horse battery' sftp://" +
                                                       address + "; cd north/02001084; put " + next.string()},
                           {{"HOME", at.path().string()}})
                         .wait();
  ASSERT_EQ(lftp.code, 0) << lftp.err;
  ASSERT_TRUE(ingested(serving, "acme/north/02001084/T302_250804_031500.tsv")) << serving.run({"files"}).out;
}

TEST(Arrivals, AFileDroppedIntoTheFolderIsTakenOnceItStandsStill) {
  const Installation at;
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n"});
  const std::string text = LoggerText{}.text();
  {
    fs::create_directories(at.data() / "acme/north/02001084");
    std::ofstream growing(at.data() / kPath);
    for (std::size_t at_byte = 0; at_byte < text.size(); at_byte += 200) {
      growing << text.substr(at_byte, 200) << std::flush;
      usleep(100'000);
      ASSERT_TRUE(fs::exists(at.data() / kPath)) << "it is still being written";
    }
  }
  ASSERT_TRUE(ingested(serving)) << serving.run({"files"}).out;
  EXPECT_EQ(at.export_samples("acme", "north").out, samples_of(text));
}

TEST(Arrivals, AFileThatEndsInItsMarkIsTakenAtOnce) {
  const Installation at;
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 3600\n"});
  LoggerText wrapped;
  wrapped.is_wrapped = true;
  at.given(kPath, wrapped.text());
  EXPECT_TRUE(ingested(serving)) << serving.run({"files"}).out;
}

testing::Child::Environment hook_of(const fs::path& file) {
  return {{"SFTPGO_ACTION", "upload"}, {"SFTPGO_ACTION_PATH", file.string()}, {"SFTPGO_ACTION_STATUS", "1"}, {"SFTPGO_ACTION_USERNAME", "acme"},
          {"SFTPGO_ACTION_PROTOCOL", "SFTP"}, {"SFTPGO_ACTION_IP", "192.0.2.7"}, {"SFTPGO_ACTION_FILE_SIZE", "10"}, {"SFTPGO_ACTION_TIMESTAMP", "1754184000000000000"}};
}

TEST(Hooks, AFileThatAHookNamedIsTakenAtOnceAndOnce) {
  const Installation at;
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 3600\nscan_interval_s = 1\n[hooks]\nsecret = \"0123456789abcdef\"\n"});
  const std::string text = LoggerText{}.text();
  at.given(kPath, text);
  for (int again = 0; again < 3; ++again) {
    const Ended hook = run_program({"hook", "--config", serving.settings()}, hook_of(at.data() / kPath));
    ASSERT_EQ(hook.code, 0) << hook.err;
    const Ended http = Serving::curl({"-w", "%{http_code}", "-H", "X-PowerView-Hook: 0123456789abcdef", "-H", "Content-Type: application/json", "-d",
                                      json{{"action", "upload"}, {"path", (at.data() / kPath).string()}, {"status", 1}, {"session_id", "s"}, {"timestamp", 5}}.dump(),
                                      serving.http() + "hooks/sftpgo"});
    EXPECT_TRUE(http.out.ends_with("200")) << http.out << http.err;
  }
  ASSERT_TRUE(ingested(serving)) << serving.run({"files"}).out;
  EXPECT_EQ(at.export_samples("acme", "north").out, samples_of(text));
  const json all = json::parse(serving.run({"files", "--json"}).out);
  EXPECT_EQ(all.size(), 1U) << all.dump(1);
}

TEST(Hooks, AnEventIsKeptWhileServeIsDown) {
  const Installation at;
  at.given(kPath, LoggerText{}.text());
  {
    Serving serving(at, {.settings = "[ingest]\ngrace_s = 3600\nscan_interval_s = 3600\n"});
    EXPECT_EQ(serving.stop().code, 0);
    EXPECT_EQ(run_program({"hook", "--config", serving.settings()}, hook_of(at.data() / kPath)).code, 0);
    serving.start();
    EXPECT_TRUE(ingested(serving)) << serving.run({"files"}).out;
  }
}

TEST(Hooks, FailedTransfersAndTemporaryNamesAreIgnored) {
  const Installation at;
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 3600\n"});
  at.given(kPath, LoggerText{}.text());
  auto failed = hook_of(at.data() / kPath);
  failed["SFTPGO_ACTION_STATUS"] = "2";
  const Ended ended = run_program({"hook", "--config", serving.settings()}, failed);
  EXPECT_EQ(ended.code, 0);
  EXPECT_NE(ended.out.find("ignored"), std::string::npos) << ended.out;
  sleep(1);
  EXPECT_TRUE(fs::exists(at.data() / kPath)) << "nobody said that it is whole";
  EXPECT_EQ(run_program({"hook", "--config", serving.settings()}).code, 2) << "without any variable it is wrong use";
}

TEST(Arrivals, IngestBesideServeHandsItsFilesOver) {
  const Installation at;
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 3600\nscan_interval_s = 3600\n"});
  at.given_fleet({"--companies", "2", "--loggers", "2", "--channels", "6", "--days", "20", "--clean"});
  constexpr std::size_t kFiles = 2 * 2 * 20;  // not counted: `serve` takes some meanwhile
  const Ended ended = serving.run({"ingest"});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.out.find(" 0 samples"), std::string::npos) << ended.out;
  for (const auto& [content, fate] : at.fates()) EXPECT_EQ(fate, "parsed");
  EXPECT_EQ(at.fates().size(), kFiles);
  EXPECT_EQ(serving.stop().code, 0);
  EXPECT_EQ(serving.run({"verify"}).code, 0) << serving.run({"verify"}).out;
}

TEST(Held, AHeaderThatContradictsItsValuesIsHeldAndSettledByAPerson) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  const std::string dump = stale_header_dump();
  const fs::path local = write_file(at.path() / kName, dump);
  ASSERT_EQ(serving.sftp("mkdir north\nmkdir north/02001084\nput " + local.string() + " north/02001084/\n").code, 0);
  ASSERT_TRUE(eventually([&] { return serving.fate_of(kPath) == "held"; })) << serving.run({"files"}).out;
  const Ended shown = serving.run({"files", "show", kPath});
  EXPECT_NE(shown.out.find("Voie1 W"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("accept"), std::string::npos) << shown.out;
  EXPECT_NE(at.export_samples("acme", "north").code, 0) << "not a sample of it was stored";

  // A later file of the same logger, with the titles it has now.
  std::string right = "02001084\t02001084\t02001084\t02001084\nMV_T302_V002\tPh 1 V\tPh 2 V\tPh 3 V\n";
  right += testing::stamp_text(1'754'184'000 + 300 * 600) + "\t236.10\t236.40\t235.20\n";
  const fs::path other = write_file(at.path() / "T302_250806_031500.tsv", right);
  ASSERT_EQ(serving.sftp("put " + other.string() + " north/02001084/\n").code, 0);
  ASSERT_TRUE(ingested(serving, "acme/north/02001084/T302_250806_031500.tsv"));
  const Ended accepted = serving.run({"files", "accept", kPath, "--header-of", "acme/north/02001084/parsed/T302_250806_031500.tsv"});
  ASSERT_EQ(accepted.code, 0) << accepted.err;
  ASSERT_TRUE(ingested(serving)) << serving.run({"files", "show", kPath}).out;
  const std::string samples = at.export_samples("acme", "north").out;
  EXPECT_NE(samples.find("_U3_"), std::string::npos) << samples.substr(0, 500);
  EXPECT_EQ(samples.find("_Ch1_"), std::string::npos) << "no watt was made of a volt";
}

TEST(Held, ARejectedFileLiesInErrorWithItsReason) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  const fs::path local = write_file(at.path() / kName, stale_header_dump());
  ASSERT_EQ(serving.sftp("mkdir north\nmkdir north/02001084\nput " + local.string() + " north/02001084/\n").code, 0);
  ASSERT_TRUE(eventually([&] { return serving.fate_of(kPath) == "held"; }));
  ASSERT_EQ(serving.run({"files", "reject", kPath, "--message", "wrong wiring"}).code, 0);
  const fs::path kept = at.data() / "acme/north/02001084/error" / kName;
  ASSERT_TRUE(eventually([&] { return fs::exists(kept); })) << serving.run({"files", "show", kPath}).out;
  EXPECT_NE(content_of(kept.string() + ".reason.json").find("wrong wiring"), std::string::npos);
}

TEST(Arrivals, SeventeenOverlappingResendsAndThenTheWholeFileEqualTheWholeFile) {
  LoggerText whole;
  whole.rows = 600;
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  ASSERT_EQ(serving.sftp("mkdir north\nmkdir north/02001084\n").code, 0);
  std::string batch;
  for (int part = 0; part < 17; ++part) {
    LoggerText piece = whole;
    piece.first_s += part * 30 * 600;
    piece.rows = 90;
    std::string text = piece.text();
    text.resize(text.size() - static_cast<std::size_t>(part) * 3);  // cut at another byte each time
    const fs::path local = write_file(at.path() / ("T302_2508" + std::to_string(10 + part) + "_031500.tsv"), text);
    batch += "put " + local.string() + " north/02001084/\n";
  }
  const fs::path local = write_file(at.path() / "T302_250901_031500.tsv", whole.text());
  ASSERT_EQ(serving.sftp(batch + "put " + local.string() + " north/02001084/\n").code, 0);
  ASSERT_TRUE(eventually([&] { return json::parse(serving.run({"files", "--state", "committed", "--json"}).out, nullptr, false).size() == 18; })) << serving.run({"files"}).out;
  EXPECT_EQ(at.export_samples("acme", "north").out, samples_of(whole.text()));
}

}  // namespace
}  // namespace pv
