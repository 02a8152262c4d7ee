// What a person decides at the command line: exit codes, the audit trail, and what `files show` prints of it.

#include <sys/stat.h>

#include "e2e/program.h"
#include "tenancy/registry.h"
#include "testing/logger_text.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using testing::contains;
using testing::Ended;
using testing::Installation;
using testing::LoggerText;
using testing::run_program;

constexpr const char* kGood = "acme/north/02001084/T302_250803_031500.tsv";
constexpr const char* kBad = "acme/north/02001084/T302_250804_031500.tsv";


/// An installation with a file that was taken and one that was rejected.
struct Settled : Installation {
  Settled() {
    given(kGood, LoggerText{}.text());
    given(kBad, "MV_T202_V9\nno header of a logger\n1\t2\n");
    EXPECT_EQ(ingest().code, 1);
  }
  [[nodiscard]] Ended files(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "files");
    arguments.insert(arguments.end(), {"--state-dir", state().string()});
    return run_program(arguments);
  }
};

TEST(Decisions, WhatAFileCannotBecomeIsWrongUse) {
  const Settled at;
  for (const char* deed : {"retry", "accept", "reject"}) {
    const Ended ended = at.files({deed, kGood});
    EXPECT_EQ(ended.code, 2) << deed << ended.err;
    EXPECT_TRUE(contains(ended.err, "a file that is committed cannot be")) << ended.err;
  }
  for (const char* deed : {"accept", "reject"}) EXPECT_EQ(at.files({deed, kBad}).code, 2) << deed;
  EXPECT_EQ(at.files({"retry", "acme/north/02001084/none.tsv"}).code, 2);
}

TEST(Decisions, TheyAreOnTheAuditTrailWithWhoMadeThem) {
  const Settled at;
  const Ended retried = at.files({"retry", kBad});
  ASSERT_EQ(retried.code, 0) << retried.err;
  const Ended shown = at.files({"show", kBad});
  EXPECT_TRUE(contains(shown.out, "to be tried again: command line")) << shown.out;
  ASSERT_EQ(at.files({"reject", kBad, "--message", "wrong wiring"}).code, 0);
  const auto registry = tenancy::Registry::open(at.state());
  ASSERT_TRUE(registry) << registry.error().message();
  const auto trail = (*registry)->audit(std::nullopt, 10);
  ASSERT_EQ(trail->size(), 2U) << "what was refused is not on it";
  EXPECT_EQ(trail->at(1).action, "file.retry");
  EXPECT_EQ(trail->at(0).action, "file.reject");
  EXPECT_EQ(trail->at(0).detail, "wrong wiring");
  for (const tenancy::AuditEntry& entry : *trail) {
    EXPECT_EQ(entry.subject, kBad);
    EXPECT_EQ(entry.tenant, "acme");
    EXPECT_TRUE(entry.who.starts_with("command line")) << entry.who;
  }
}

TEST(Decisions, TheReceiptIsShownAsPeopleReadIt) {
  const Settled at;
  const Ended shown = at.files({"show", kGood});
  EXPECT_TRUE(contains(shown.out, "\nAccepted: 20 rows, 60 samples, from ")) << shown.out;
  EXPECT_FALSE(contains(shown.out, "nb_rows")) << shown.out;
  EXPECT_TRUE(contains(at.files({"show", kGood, "--json"}).out, "\"nb_rows\": 20"));
}

TEST(Decisions, TheProgramsOwnFilesAreItsOwnersOnly) {
  const Settled at;
  ASSERT_EQ(run_program({"tenant", "create", "acme", "--state-dir", at.state()}).code, 0);
  struct stat status {};
  ASSERT_EQ(stat(at.state().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0710U);
  for (const char* name : {"ledger.sqlite", "registry.sqlite", "intake.lock"}) {
    ASSERT_EQ(stat((at.state() / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
  ASSERT_EQ(stat((at.state() / "stores").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

}  // namespace
}  // namespace pv
