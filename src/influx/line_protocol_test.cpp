#include "influx/line_protocol.h"

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "fakes/influxdb/points.h"
#include "influx/meta.h"

namespace pv::influx {
namespace {

using testing::influxdb::Point;

constexpr model::Period kAlways{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};

model::CampaignName campaign(std::string_view name) { return *model::CampaignName::parse(name); }

model::Channel master() { return {"02001171", "02001171", "U1", "Ph 1", "V", model::DeviceType::master, model::DeviceSubtype::tri}; }

std::string all_lines(const ChannelHeads& heads, const model::SampleBlock& block, model::Period period, BatchBounds bounds = {}) {
  BlockLines lines(heads, block, period);
  LineBatch batch;
  std::string out;
  while (lines.fill(batch, bounds)) {
    EXPECT_LE(batch.lines(), bounds.lines);
    EXPECT_TRUE(batch.lines() == 1 || batch.text().size() <= bounds.bytes);
    out += batch.text();
    batch.clear();
  }
  return out + std::string(batch.text());
}

Point read(std::string_view line) {
  std::optional<Point> point;
  EXPECT_EQ(testing::influxdb::read_line(line.substr(0, line.find('\n')), 1'000'000'000, point), "") << line;
  return point.value_or(Point());
}

TEST(LineProtocol, a_sample_is_a_line_with_the_documented_names_and_tags) {
  model::SampleBlock block{{1'754'191'200}, {model::Column()}};
  block.columns[0].push_decimal(24'225, 2);
  const std::vector<model::Channel> channels = {master()};
  EXPECT_EQ(all_lines(ChannelHeads(campaign("camp 1"), channels, model::ChannelIdStyle::device_first), block, kAlways),
            "electrical,campaign=camp\\ 1,channel_id=M02001171_U1_M02001171,channel_label=U1,channel_name=Ph\\ 1,channel_unit=V,device=MV2,"
            "device_master_sn=02001171,device_sn=02001171,device_subtype=tri,device_type=master M02001171_U1_M02001171_V=242.25 1754191200\n");
  const model::Channel slave{"02001171", "04000466", "Ch1", "", "", model::DeviceType::slave, model::DeviceSubtype::none};
  EXPECT_EQ(all_lines(ChannelHeads(campaign("c"), {{slave}}, model::ChannelIdStyle::master_first), block, kAlways),
            "electrical,campaign=c,channel_id=M02001171_S04000466_Ch1,channel_label=Ch1,device=MV2,device_master_sn=02001171,device_sn=04000466,"
            "device_type=slave M02001171_S04000466_Ch1=242.25 1754191200\n");
}

TEST(LineProtocol, every_value_reads_back_as_the_same_double) {
  std::mt19937 random(7);
  const ChannelHeads heads(campaign("c"), {{master()}}, model::ChannelIdStyle::device_first);
  for (unsigned decimals = 0; decimals <= model::kMaxDecimals; ++decimals) {
    model::SampleBlock block;
    model::Column& column = block.columns.emplace_back();
    column.decimals = static_cast<std::uint8_t>(decimals);
    for (int row = 0; row < 3'000; ++row) {
      block.time_s.push_back(row * 7 - 5'000);
      column.mantissa.push_back(row == 0 ? std::numeric_limits<std::int32_t>::max() : static_cast<std::int32_t>(random()) >> random() % 31);
      if (column.mantissa.back() == model::Column::kMissing) column.mantissa.back() = 0;
    }
    const std::string text = all_lines(heads, block, kAlways, {.lines = 777, .bytes = 50'000});
    std::string_view left = text;
    for (std::size_t row = 0; row < block.time_s.size(); ++row) {
      const Point point = read(left);
      ASSERT_EQ(point.time_ns, block.time_s[row] * 1'000'000'000);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(std::get<double>(point.fields.begin()->second) + 0.0), std::bit_cast<std::uint64_t>(column.value(row) + 0.0));
      left.remove_prefix(left.find('\n') + 1);
    }
    EXPECT_TRUE(left.empty());
  }
}

TEST(LineProtocol, missing_cells_and_rows_outside_the_period_have_no_lines) {
  model::SampleBlock block{{10, 20, 30, 40}, {model::Column(), model::Column()}};
  for (const int value : {1, 2, 3, 4}) block.columns[0].push_decimal(value, 0);
  block.columns[1].push_real(1e300);
  block.columns[1].push_missing();
  block.columns[1].push_real(0.1);
  block.columns[1].push_missing();
  model::Channel second = master();
  second.label = "U2";
  const std::string text = all_lines(ChannelHeads(campaign("c"), {{master(), second}}, model::ChannelIdStyle::device_first), block, {20, 40});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_NE(text.find("U1_M02001171_V=2 20\n"), std::string::npos);
  EXPECT_NE(text.find("U1_M02001171_V=3 30\n"), std::string::npos);
  EXPECT_NE(text.find("U2_M02001171_V=0.1 30\n"), std::string::npos);
  EXPECT_EQ(all_lines(ChannelHeads(campaign("c"), {{master(), second}}, model::ChannelIdStyle::device_first), block, {21, 21}), "");
}

TEST(LineProtocol, hostile_names_cannot_leave_their_place) {
  model::SampleBlock block{{1'754'191'200}, {model::Column()}};
  block.columns[0].push_decimal(1, 0);
  for (const std::string& name : std::vector<std::string>{"a,b=c d", "ends in \\", "\\", "a\\,b", "line\nfeed\r\t", "\"quoted\"", "#comment", std::string(5'000, 'x'),
                                                           "x value=1 1\nelectrical,campaign=stolen v=1", std::string("nul\0byte", 8), "é€"}) {
    model::Channel channel = master();
    channel.name = name;
    channel.unit = name;
    const std::string text = all_lines(ChannelHeads(campaign("c,=\" d"), {{channel}}, model::ChannelIdStyle::device_first), block, kAlways);
    ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << name;
    const Point point = read(text);
    EXPECT_EQ(point.tags.at("campaign"), "c,=\" d");
    EXPECT_EQ(point.tags.at("device_type"), "master");
    EXPECT_EQ(point.fields.size(), 1U) << name;
    const LineSubject subject = subject_of(text);
    EXPECT_EQ(subject.campaign, "c,=\" d");
    EXPECT_EQ(subject.logger_sn, "02001171");
    EXPECT_EQ(subject.time_s, 1'754'191'200);
    EXPECT_EQ(subject.field, point.fields.begin()->first);
    if (name.find_first_of("\n\r\t") == std::string::npos && name.back() != '\\' && name.size() < 1'000 && name.find('\0') == std::string::npos) {
      EXPECT_EQ(point.tags.at("channel_name"), name);
    }
  }
}

TEST(LineProtocol, events_and_meta_points_are_lines_that_the_server_takes) {
  const Point event = read(event_line(campaign("c 1"), "02001171", {1'754'191'200, model::EventKind::restart}));
  EXPECT_EQ(event.measurement, "logger_event");
  EXPECT_EQ(event.tags, (testing::influxdb::Tags{{"campaign", "c 1"}, {"device_master_sn", "02001171"}}));
  EXPECT_EQ(std::get<std::int64_t>(event.fields.at("restart")), 1);

  MetaFile file;
  file.run_id = "r1", file.file_path = "/data/a \"b\"\\c\n.tsv", file.bucket = "b", file.campaign = "c", file.device_master_sn = "1", file.status = "failed";
  file.error = "line 3: \"x\"", file.nb_rows = 7, file.at_s = 1'754'191'200, file.number = 2;
  const Point meta = read(meta_line(file));
  EXPECT_EQ(meta.measurement, "tsv_parser_file");
  EXPECT_EQ(meta.tags, (testing::influxdb::Tags{{"bucket", "b"}, {"campaign", "c"}, {"device_master_sn", "1"}, {"status", "failed"}}));
  EXPECT_EQ(std::get<std::string>(meta.fields.at("file_path")), "/data/a \"b\"\\c .tsv");
  EXPECT_EQ(std::get<std::string>(meta.fields.at("error")), "line 3: \"x\"");
  EXPECT_EQ(std::get<std::int64_t>(meta.fields.at("nb_rows")), 7);
  EXPECT_EQ(meta.time_ns / 1'000'000'000, 1'754'191'202);

  MetaRun run;
  run.run_id = "r1", run.status = "success", run.duration_s = 1.25, run.nb_files_total = 3, run.start_s = 1'754'191'200, run.end_s = 1'754'191'201;
  const Point of_run = read(meta_line(run));
  EXPECT_EQ(of_run.tags, (testing::influxdb::Tags{{"status", "success"}}));
  EXPECT_EQ(std::get<double>(of_run.fields.at("duration_s")), 1.25);
  EXPECT_EQ(std::get<std::string>(of_run.fields.at("start_time")), "2025-08-03T03:20:00Z");
  EXPECT_FALSE(of_run.fields.contains("error"));
}

}  // namespace
}  // namespace pv::influx
