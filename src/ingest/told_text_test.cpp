#include "ingest/told_text.h"

#include <gtest/gtest.h>

#include "ingest/run_report.h"

namespace pv::ingest {
namespace {

TEST(ToldText, FilesAreNamedAsTheirCompanyKnowsThem) {
  for (const char* folder : {"/srv/my data", "/srv/my data/"}) {
    EXPECT_EQ(below("/srv/my data/acme/north/1/a.tsv: it has no header; see /srv/my data/acme/north/1/parsed/b.tsv", folder),
              "acme/north/1/a.tsv: it has no header; see acme/north/1/parsed/b.tsv");
    EXPECT_EQ(below("/srv/my data: cannot be listed", folder), "the data folder: cannot be listed");
  }
  EXPECT_EQ(below("line 3: data/x", "data"), "line 3: data/x") << "a folder that is not absolute names nothing";
  EXPECT_EQ(below("a /b c", "/"), "a /b c");
}

TEST(ToldText, ARecordNamesItsPlaceAndNotTheServers) {
  FileRecord record;
  record.path = "/srv/data/acme/north/1/a.tsv";
  EXPECT_EQ(known_as(record), "a.tsv");
  record.tenant = "acme", record.campaign = "north", record.device = "1";
  EXPECT_EQ(known_as(record), "acme/north/1/a.tsv");
  record.message = "/srv/data/acme/north/1/a.tsv: no";
  record.evidence = {{"/srv/data/acme/north/1/b.tsv: away", ""}};
  name_as_known(record, "/srv/data");
  EXPECT_EQ(record.message, "acme/north/1/a.tsv: no");
  EXPECT_EQ(record.evidence[0].what, "acme/north/1/b.tsv: away");
}

TEST(ToldText, TheServersOwnTroublesAreToldInShort) {
  const std::string_view trouble = "/var/lib/state/stores/acme.sqlite: opening failed";
  for (const char* reason : {"store_unavailable", "store_damaged", "refused_by_store", "ledger_unavailable", "unreadable", "not_moved", "cannot_be_brought_back"}) {
    const std::string_view told = told_message(reason, trouble);
    EXPECT_FALSE(told.empty()) << reason;
    EXPECT_EQ(told.find('/'), told.find("error/") == std::string_view::npos ? std::string_view::npos : told.find("error/") + 5) << reason;
  }
  EXPECT_EQ(told_message("no_header", "line 1: no header"), "line 1: no header");
}

}  // namespace
}  // namespace pv::ingest
