#include "tsv/header.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pv::tsv {
namespace {

constexpr const char* kTail = "\n01/02/25 00:00:00\t1.0\n";

tl::expected<Header, Rejection> header_of(const std::string& text, std::vector<std::string> extra = {}) {
  Lines lines(text, 0, 1);
  Earlier earlier;
  return read_header(lines, extra, earlier);
}

RejectReason reason_of(const std::string& text) {
  const auto header = header_of(text);
  EXPECT_FALSE(header) << text.substr(0, 80);
  return header ? RejectReason::empty_file : header.error().reason;
}

std::string with_block(const std::string& block, const std::string& table) {
  return "START_HEADER\n" + block + "\nEND_HEADER\nSTART_DATA\n" + table;
}

std::vector<std::string> labels(const Header& header) {
  std::vector<std::string> out;
  for (const auto& channel : header.channels) out.push_back(channel.label);
  return out;
}

TEST(HeaderTest, BareHeaderNamesSerialsFormatAndTitles) {
  const auto header = header_of("M1\tM1\tS1\nMV_T302_V002\tPh 1 V\tpince W" + std::string(kTail));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->layout(), Layout::bare);
  EXPECT_EQ(header->format, "MV_T302_V002");
  EXPECT_EQ(header->master_sn, "M1");
  ASSERT_EQ(header->channels.size(), 2U);
  EXPECT_EQ(header->channels[0].name, "Ph 1");
  EXPECT_EQ(header->channels[0].unit, "V");
  EXPECT_EQ(header->channels[0].type, model::DeviceType::master);
  EXPECT_EQ(header->channels[0].subtype, model::DeviceSubtype::mono);
  EXPECT_EQ(header->channels[1].name, "pince");
  EXPECT_EQ(header->channels[1].device_sn, "S1");
  EXPECT_EQ(header->channels[1].master_sn, "M1");
  EXPECT_EQ(header->channels[1].type, model::DeviceType::slave);
  EXPECT_EQ(header->channels[1].subtype, model::DeviceSubtype::none);
}

TEST(HeaderTest, WrappedLayoutIsTheBlocksDoingNotTheVersions) {
  const std::string block = R"({"DataTimeSettings":"UTC","TimeZone":"CET-1","TimeZoneName":"Europe/Paris","FileVersion":3,"MasterType":"Mono"})";
  const auto header = header_of(with_block(block, "M1\tM1\nMV_T302_V002\tPh 1 V" + std::string(kTail)));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->layout(), Layout::wrapped);
  EXPECT_EQ(header->format, "MV_T302_V002");
  EXPECT_EQ(header->settings->stamps, BlockSettings::Stamps::utc);
  EXPECT_EQ(header->settings->zone->name(), "Europe/Paris");
  EXPECT_EQ(header->block, block);
  const std::pair<std::string, std::string> version{"FileVersion", "3"};
  EXPECT_NE(std::find(header->meta.begin(), header->meta.end(), version), header->meta.end());
  EXPECT_EQ(header_of("M1\tM1\nMV_T302_V003\tPh 1 V" + std::string(kTail))->layout(), Layout::bare);
}

TEST(HeaderTest, LabelsCountByDevice) {
  const auto tri = header_of("M\tM\tM\tM\tM\tM\tA\tB\tA\nMV_T302_V002\tPh 1 V\tPh 2 V\tPh 3 V\tVoie1 W\tVoie2 W\tVoie1 W\tVoie1 W\tVoie2 W" +
                             std::string(kTail));
  ASSERT_TRUE(tri);
  EXPECT_EQ(tri->master_type, MasterType::tri);
  EXPECT_EQ(labels(*tri), (std::vector<std::string>{"U1", "U2", "U3", "Ch1", "Ch2", "Ch1", "Ch1", "Ch2"}));
  const auto mono = header_of("M\tM\tM\tM\nMV_T302_V002\tPh 1 V\tVoie1 W\tVoie2 W" + std::string(kTail));
  ASSERT_TRUE(mono);
  EXPECT_EQ(mono->master_type, MasterType::mono);
  EXPECT_EQ(labels(*mono), (std::vector<std::string>{"U1", "Ch1", "Ch2"}));
}

TEST(HeaderTest, MasterTypeOfTheBlockBeatsTheNames) {
  const std::string three_phases = "M\tM\tM\tM\nMV_T302_V003\tPh 1 V\tPh 2 V\tPh 3 V" + std::string(kTail);
  EXPECT_EQ(labels(*header_of(with_block(R"({"DataTimeSettings":"UTC","MasterType":"Mono"})", three_phases))), (std::vector<std::string>{"U1", "Ch1", "Ch2"}));
  EXPECT_EQ(labels(*header_of(with_block(R"({"DataTimeSettings":"UTC"})", three_phases))), (std::vector<std::string>{"U1", "U2", "U3"}));
}

TEST(HeaderTest, TitleWithoutSpaceHasNoUnit) {
  const auto header = header_of("M\tM\tM\nMV_T302_V002\ttemperature\tPh 1 neutre kW" + std::string(kTail));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->channels[0].name, "temperature");
  EXPECT_EQ(header->channels[0].unit, "");
  EXPECT_EQ(header->channels[1].name, "Ph 1 neutre");
  EXPECT_EQ(header->channels[1].unit, "kW");
}

TEST(HeaderTest, Latin1TitlesBecomeUtf8AndUtf8Stays) {
  const auto header = header_of("M\tM\tM\nMV_T302_V002\tcuisini\xe8re W\tcuisini\xc3\xa8re W" + std::string(kTail));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->channels[0].name, "cuisini\xc3\xa8re");
  EXPECT_EQ(header->channels[1].name, "cuisini\xc3\xa8re");
}

TEST(HeaderTest, AcceptsByteOrderMarkAndCrLf) {
  const auto bare = header_of("\xef\xbb\xbfM\tM\r\nMV_T302_V002\tPh 1 V\r\n");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->master_sn, "M");
  EXPECT_EQ(bare->channels[0].unit, "V");
  const auto block = header_of("\xef\xbb\xbfSTART_HEADER\r\n{\"DataTimeSettings\":\"UTC\"}\r\nEND_HEADER\r\nSTART_DATA\r\nM\tM\r\nMV_T302_V003\tPh 1 V\r\n");
  ASSERT_TRUE(block);
  EXPECT_EQ(block->layout(), Layout::wrapped);
}

TEST(HeaderTest, UnknownFormatIsNamed) {
  const auto header = header_of("M\tM\nMV_T202_V002\tPh 1 V" + std::string(kTail));
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().reason, RejectReason::unsupported_format);
  EXPECT_EQ(header.error().line, 2U);
  EXPECT_EQ(header.error().message, "unsupported format MV_T202_V002");
  EXPECT_TRUE(header_of("M\tM\nMV_T202_V002\tPh 1 V" + std::string(kTail), {"MV_T202_V002"}));
}

TEST(HeaderTest, SerialAndTitleRowsMustHaveTheSameLength) {
  EXPECT_EQ(reason_of("A\tM\tS\nMV_T302_V002\tPh 1 V" + std::string(kTail)), RejectReason::header_mismatch);
  EXPECT_EQ(reason_of("M\tM\nMV_T302_V002\tPh 1 V\tPh 2 V" + std::string(kTail)), RejectReason::header_mismatch);
  EXPECT_EQ(reason_of("M\nMV_T302_V002" + std::string(kTail)), RejectReason::header_mismatch);
}

TEST(HeaderTest, SerialsMustBeSerials) {
  EXPECT_EQ(reason_of("M\t../x\nMV_T302_V002\tPh 1 V" + std::string(kTail)), RejectReason::bad_serial);
  EXPECT_EQ(reason_of("M\t\nMV_T302_V002\tPh 1 V" + std::string(kTail)), RejectReason::bad_serial);
  EXPECT_EQ(reason_of("M\t" + std::string(33, '1') + "\nMV_T302_V002\tPh 1 V" + std::string(kTail)), RejectReason::bad_serial);
}

TEST(HeaderTest, ColumnsThatWouldShareAFieldNameAreRefused) {
  // Slave 1, unit "Ch1_M9", and slave 1_Ch1_M9 without a unit both read S1_Ch1_M9_Ch1_M9.
  EXPECT_EQ(reason_of("9\t1\t1_Ch1_M9\nMV_T302_V002\tx Ch1_M9\tx" + std::string(kTail)), RejectReason::duplicate_channel);
  EXPECT_TRUE(header_of("9\t1\t1_2\nMV_T302_V002\tx W\tx W" + std::string(kTail)));
}

TEST(HeaderTest, ColumnsAreLimited) {
  const auto columns = [](std::size_t count) {
    std::string serials = "M";
    std::string titles = "MV_T302_V002";
    for (std::size_t i = 0; i < count; ++i) {
      serials += "\tM";
      titles += "\tV W";
    }
    return serials + "\n" + titles + "\n";
  };
  EXPECT_EQ(header_of(columns(kMaxColumns)).value().channels.size(), kMaxColumns);
  EXPECT_EQ(reason_of(columns(kMaxColumns + 1)), RejectReason::too_many_columns);
  EXPECT_EQ(reason_of(columns(10'000)), RejectReason::too_many_columns);
}

TEST(HeaderTest, HeaderLinesAreLimited) {
  EXPECT_EQ(reason_of("M\tM\nMV_T302_V002\t" + std::string(kMaxHeaderLineBytes, 'x') + " W\n"), RejectReason::line_too_long);
  EXPECT_EQ(reason_of(std::string(10'000'000, 'x')), RejectReason::line_too_long);
}

TEST(HeaderTest, BinaryBytesAreNoText) {
  EXPECT_EQ(reason_of(std::string("M\tM\0\nMV_T302_V002\tPh 1 V\n", 25)), RejectReason::not_text);
  EXPECT_EQ(reason_of("M\tM\nMV_T302_V002\tPh\x01 1 V\n"), RejectReason::not_text);
  EXPECT_EQ(reason_of(std::string("\xff\xfeM\0\t\0", 6)), RejectReason::not_text);
}

TEST(HeaderTest, CutHeadersAreIncomplete) {
  const std::string bare = "02001171\t02001171\nMV_T302_V002\tPh 1 V\n";
  for (std::size_t size = 1; size < bare.size(); ++size) {
    EXPECT_EQ(reason_of(bare.substr(0, size)), RejectReason::incomplete_header) << size;
  }
  const std::string block = with_block(R"({"DataTimeSettings":"UTC","MasterType":"Tri"})", bare);
  for (std::size_t size = 1; size < block.size(); ++size) {
    EXPECT_EQ(reason_of(block.substr(0, size)), RejectReason::incomplete_header) << size;
  }
}

TEST(HeaderTest, OtherTextHasNoHeader) {
  EXPECT_EQ(reason_of("<!DOCTYPE html>\n<html>\n"), RejectReason::no_header);
  EXPECT_EQ(reason_of("01/02/25 00:00:00\t1.0\n01/02/25 00:10:00\t1.0\n"), RejectReason::no_header);
}

TEST(HeaderTest, BadBlocksAreNamed) {
  const std::string table = "M\tM\nMV_T302_V003\tPh 1 V" + std::string(kTail);
  for (const std::string block : {"", "[]", "{", "{\"a\":}", "null", "not json"}) {
    EXPECT_EQ(reason_of(with_block(block, table)), RejectReason::bad_header_block) << block;
  }
  EXPECT_EQ(reason_of(with_block(std::string(30'000, '['), table)), RejectReason::bad_header_block);
  std::string long_block = "{\n";
  for (int i = 0; i < 10'000; ++i) long_block += "\"key\":1,\n";
  EXPECT_EQ(reason_of(with_block(long_block + "\"k\":1}", table)), RejectReason::bad_header_block);
}

TEST(HeaderTest, BlockMaySpanLinesAndHoldLatin1) {
  const auto header = header_of(with_block("{\"Site\":\n\"\xc9" "cole\",\"Depth\":{\"a\":[1]},\"TimeZone\":\"CET-1\"}", "M\tM\nMV_T302_V003\tPh 1 V" + std::string(kTail)));
  ASSERT_TRUE(header);
  const std::vector<std::pair<std::string, std::string>> meta = {{"Depth", R"({"a":[1]})"}, {"Site", "\xc3\x89" "cole"}, {"TimeZone", "CET-1"}};
  EXPECT_EQ(header->meta, meta);
}

}  // namespace
}  // namespace pv::tsv
