/// `powerview verify`, and commands on files as a person types them.
#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "testing/logger_text.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Ended;
using testing::Installation;
using testing::kPath;
using testing::LoggerText;
using testing::Serving;

constexpr const char* kParsed = "acme/north/02001084/parsed/T302_250803_031500.tsv";

json verified(const Installation& at, int code) {
  const Ended ended = testing::run_program({"verify", "--data-folder", at.data().string(), "--state-dir", at.state().string(), "--json"});
  EXPECT_EQ(ended.code, code) << ended.out << ended.err;
  return json::parse(ended.out, nullptr, false);
}

json kinds_of(const json& outcome) {
  json kinds = json::array();
  for (const json& found : outcome["differences"]) kinds.push_back(found["kind"]);
  return kinds;
}

TEST(Verify, FindsNothingWrongWithWhatWasTakenIn) {
  const Installation at;
  at.given(kPath, LoggerText{}.text());
  at.given("acme/north/02001084/bad.tsv", "no logger file\n");
  ASSERT_EQ(at.ingest().code, 1);
  const json outcome = verified(at, 0);
  EXPECT_EQ(outcome["well"], true);
  EXPECT_EQ(outcome["ledger"], true);
  EXPECT_EQ(outcome["stores"], 1);
}

TEST(Verify, TellsOfAFileThatWasTakenAwayAfterItWasFiled) {
  const Installation at;
  at.given(kPath, LoggerText{}.text());
  ASSERT_EQ(at.ingest().code, 0);
  fs::remove(at.data() / kParsed);
  const json outcome = verified(at, 1);
  EXPECT_EQ(kinds_of(outcome), json({"filed_file_missing"}));
  EXPECT_EQ(outcome["differences"][0]["path"], kParsed);
  const Ended text = at.verify();
  EXPECT_EQ(text.code, 1);
  EXPECT_NE(text.out.find("bring it back from a backup"), std::string::npos) << text.out;
}

TEST(Verify, TellsOfFilesThatTheStoreDoesNotKnow) {
  const Installation at;
  at.given(kPath, LoggerText{}.text());
  ASSERT_EQ(at.ingest().code, 0);
  for (const char* ending : {"", "-wal", "-shm"}) fs::remove(at.state() / ("stores/acme.sqlite" + std::string(ending)));
  EXPECT_EQ(kinds_of(verified(at, 1)), json({"not_in_store"}));
  // As the message says: moved back, it is taken again.
  fs::rename(at.data() / kParsed, at.data() / kPath);
  ASSERT_EQ(at.ingest().code, 0);
  EXPECT_EQ(kinds_of(verified(at, 0)), json::array());
}

TEST(Verify, TellsOfWhatTheLedgerDoesNotKnow) {
  const Installation at;
  at.given(kPath, LoggerText{}.text());
  ASSERT_EQ(at.ingest().code, 0);
  at.given("acme/north/02001084/T302_250804_031500.tsv", LoggerText{.first_s = 1'754'270'400}.text());
  at.given("acme/north/02001084/parsed/T302_250701_031500.tsv", LoggerText{}.text());
  const json outcome = verified(at, 1);
  EXPECT_EQ(outcome["differences"].size(), 2U) << outcome.dump(2);
  for (const char* kind : {"not_on_record", "unknown_filed_file"}) EXPECT_NE(outcome.dump().find(kind), std::string::npos) << outcome.dump(2);
}

TEST(Verify, ComparesNothingWithoutALedgerAndRefusesAnEmptyFolder) {
  const Installation at;
  const Ended nothing = at.verify();
  EXPECT_EQ(nothing.code, 2);
  EXPECT_NE(nothing.err.find("no store and no ledger"), std::string::npos) << nothing.err;
  at.given(kPath, LoggerText{}.text());
  ASSERT_EQ(at.ingest().code, 0);
  for (const char* ending : {"", "-wal", "-shm"}) fs::remove(at.state() / ("ledger.sqlite" + std::string(ending)));
  const json outcome = verified(at, 0);
  EXPECT_EQ(outcome["ledger"], false);
  EXPECT_EQ(outcome["stores"], 1);
}

TEST(Verify, WorksBesideARunningServe) {
  const Installation at;
  Serving serving(at);
  at.given(kPath, LoggerText{}.text());
  ASSERT_EQ(serving.run({"ingest"}).code, 0);
  ASSERT_TRUE(testing::eventually([&] { return fs::exists(at.data() / kParsed) && serving.fate_of(kPath) == "committed"; }));
  EXPECT_EQ(kinds_of(verified(at, 0)), json::array());
  fs::remove(at.data() / kParsed);
  EXPECT_EQ(kinds_of(verified(at, 1)), json({"filed_file_missing"}));
  EXPECT_EQ(serving.stop().code, 0);
}

TEST(FilesAccept, TakesTheHeaderOfAFileNamedFromWhereThePersonWorks) {
  const Installation at;
  Serving serving(at);
  EXPECT_EQ(serving.stop().code, 0);
  const std::string held = "acme/north/02001084/T302_250807_031500.tsv";
  at.given(kPath, "02001084\t02001084\t02001084\t02001084\nMV_T302_V002\tPh 1 V\tPh 2 V\tPh 3 V\n" + LoggerText{}.row(1'754'000'000));
  at.given(held, testing::stale_header_dump());
  static_cast<void>(serving.run({"ingest"}));
  ASSERT_EQ(serving.fate_of(held), "held");
  for (const std::string& header : {(at.data() / kParsed).string(), fs::relative(at.data() / kParsed).string(), std::string(kParsed)}) {
    const Ended accepted = serving.run({"files", "accept", (at.data() / held).string(), "--header-of", header});
    ASSERT_EQ(accepted.code, 0) << header << accepted.err;
    EXPECT_NE(serving.run({"files", "show", held}).out.find(std::string("header of:    ") + kParsed), std::string::npos) << header;
    // Held again, for the next spelling: no such header fits.
    if (header == kParsed) break;
    fs::rename(at.data() / kParsed, at.path() / "away");
    static_cast<void>(serving.run({"ingest"}));
    fs::rename(at.path() / "away", at.data() / kParsed);
    ASSERT_EQ(serving.fate_of(held), "held") << header;
  }
  static_cast<void>(serving.run({"ingest"}));
  EXPECT_EQ(serving.fate_of(held), "committed");
}

TEST(TenantRemove, ErasesWhatIsSaidOfItsFilesWithItsDataAndNothingOfOthers) {
  const Installation at;
  Serving serving(at);
  ASSERT_EQ(serving.run({"tenant", "create", "acme"}).code, 0);
  ASSERT_EQ(serving.run({"tenant", "create", "other"}).code, 0);
  at.given(kPath, LoggerText{}.text());
  at.given("other/north/02001084/T302_250803_031500.tsv", LoggerText{}.text());
  ASSERT_EQ(serving.run({"ingest"}).code, 0);
  const Ended refused = serving.run({"tenant", "remove", "acme", "--yes", "--erase-data"});
  EXPECT_EQ(refused.code, 3) << "beside 'serve' nothing is erased: " << refused.out;
  EXPECT_EQ(serving.run({"tenant", "show", "acme"}).code, 0);
  EXPECT_EQ(serving.fate_of(kPath), "committed");
  EXPECT_EQ(serving.stop().code, 0);
  ASSERT_EQ(serving.run({"tenant", "remove", "acme", "--yes", "--erase-data"}).code, 0);
  EXPECT_NE(serving.run({"files", "show", kPath}).code, 0);
  const json files = json::parse(serving.run({"files", "list", "--json"}).out);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0]["tenant"], "other");
  EXPECT_FALSE(fs::exists(at.data() / "acme"));
  EXPECT_EQ(kinds_of(verified(at, 0)), json::array());
  // A company of the same name begins anew.
  at.given(kPath, LoggerText{}.text());
  ASSERT_EQ(serving.run({"ingest"}).code, 0);
  EXPECT_EQ(serving.fate_of(kPath), "committed");
}

TEST(TenantRemove, LeavesFilesAndWhatIsSaidOfThemWhenDataStays) {
  const Installation at;
  Serving serving(at);
  ASSERT_EQ(serving.run({"tenant", "create", "acme"}).code, 0);
  at.given(kPath, LoggerText{}.text());
  ASSERT_EQ(serving.run({"ingest"}).code, 0);
  ASSERT_EQ(serving.run({"tenant", "remove", "acme", "--yes"}).code, 0) << "also beside 'serve'";
  EXPECT_EQ(serving.fate_of(kPath), "committed");
  EXPECT_TRUE(fs::exists(at.data() / kParsed));
  EXPECT_EQ(serving.stop().code, 0);
}

}  // namespace
}  // namespace pv
