// Bad files through a whole run: each ends in error/ under a named reason, and the good one between them is stored.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "ingest/pipeline.h"
#include "testing/logger_text.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using testing::LoggerText;

class CountingSink final : public model::SampleSink {
 public:
  std::size_t files = 0;
  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override {
    files += deliveries.size();
    return std::vector<model::DeliveryOutcome>(deliveries.size());
  }
};

TEST(PipelineHostile, EachBadFileIsRejectedUnderItsReasonAndGoodOnesAreStored) {
  const LoggerText good;
  std::map<std::string, std::pair<std::string, std::string>> bad;  // name -> content, reason
  bad["unknown_format"] = {LoggerText{.format = "MV_T202_V002"}.text(), "unsupported_format"};
  bad["empty"] = {"", "empty_file"};
  bad["header_only"] = {good.header(), "no_rows"};
  bad["half_a_header"] = {good.header().substr(0, 25), "incomplete_header"};
  bad["uneven_header"] = {"02001084\t02001084\nMV_T302_V002\tPh 1 V\tVoie1 W\n" + good.rows_text(), "header_mismatch"};
  bad["same_channel_twice"] = {"9\t1\t1_Ch1_M9\nMV_T302_V002\tx Ch1_M9\tx\n" + good.rows_text(), "duplicate_channel"};
  bad["ten_thousand_columns"] = {LoggerText{.channels = 10'000, .rows = 2}.text(), "too_many_columns"};
  bad["nul_in_header"] = {std::string("02\0" "01084\t02001084\n", 17) + good.text(), "not_text"};
  bad["zeros"] = {std::string(100'000, '\0'), "not_text"};
  bad["utf16"] = {std::string("\xff\xfe" "0\0" "2\0" "\t\0", 8), "not_text"};
  bad["one_long_line"] = {std::string(3 << 20, '7'), "line_too_long"};
  bad["no_such_day"] = {good.header() + "31/02/26 00:00:00\t230.00\t1.0\t1.0\n", "no_valid_rows"};
  bad["values_that_are_none"] = {good.header() + testing::stamp_text(good.first_s) + "\tNaN\tinf\t1e999\n", "no_valid_rows"};
  bad["an_image"] = {std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16), "not_text"};
  bad["a_page"] = {"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n", "no_header"};
  bad["block_that_never_ends"] = {"START_HEADER\n{\"a\":" + std::string(200'000, '['), "bad_header_block"};
  bad["block_of_brackets"] = {"START_HEADER\n" + std::string(50'000, '[') + "\nEND_HEADER\nSTART_DATA\n" + good.text(), "bad_header_block"};

  const testing::TempFolder folder;
  const fs::path device = folder / "acme/north/02001084";
  for (const auto& [name, file] : bad) testing::write_file(device / (name + ".tsv"), file.first);
  testing::write_file(device / "good.tsv", good.text());
  std::string odd_but_good = good.text();
  odd_but_good.replace(odd_but_good.find("Voie1"), 5, "\xc9t\xe9");  // Latin-1
  testing::write_file(device / "latin1.tsv", odd_but_good);
  testing::write_file(device / "year_2099.tsv", LoggerText{.first_s = 4'102'358'400}.text());
  testing::write_file(device / "nul_in_a_row.tsv", good.text() + std::string("03/08/25 12:00:00\t2\0.00\t1.0\t1.0\n", 33));
  testing::write_file(device / "bad_day_among_good.tsv", good.text() + "31/02/26 00:00:00\t230.00\t1.0\t1.0\n");

  CountingSink sink;
  RunOptions options;
  options.rules.zone_of = [](const Place&) { return model::Zone::utc(); };
  options.sink_of = [&](const model::TenantName&) -> Result<model::SampleSink*> { return &sink; };
  const RunReport report = run(find_files(folder.path())->files, options);

  EXPECT_EQ(report.stored(), 5U);
  EXPECT_EQ(sink.files, 5U);
  EXPECT_EQ(report.rejected(), bad.size());
  EXPECT_TRUE(report.problems.empty());
  for (const auto& [name, file] : bad) {
    SCOPED_TRACE(name);
    const fs::path moved = device / "error" / (name + ".tsv");
    EXPECT_EQ(testing::content_of(moved), file.first) << "the file itself is unchanged";
    const std::string reason = testing::content_of(moved.string() + ".reason.json");
    ASSERT_TRUE(nlohmann::json::accept(reason)) << reason;
    EXPECT_EQ(nlohmann::json::parse(reason)["reason"], file.second);
  }
  EXPECT_TRUE(nlohmann::json::accept(to_json(report)));
  EXPECT_TRUE(find_files(folder.path())->files.empty()) << "nothing is left to deal with";
}

}  // namespace
}  // namespace pv::ingest
