#include "query/export.h"

#include <cmath>

#include <gtest/gtest.h>

#include "testing/random_campaign.h"

namespace pv::query {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

model::Channel channel(const char* label, const char* name, const char* unit) {
  return {"02001171", "02001171", label, name, unit, model::DeviceType::master, model::DeviceSubtype::tri};
}

std::string written(const RowWriterOptions& options, std::vector<model::Channel> channels, std::vector<double> values) {
  RowWriter writer(options, channels);
  std::string text;
  writer.append_heading(text);
  writer.append_row(1'761'440'400, values, text);
  return text;
}

TEST(RowWriterTest, SamplesAreSortedByFieldAndSkipMissing) {
  EXPECT_EQ(written({.form = TextForm::samples}, {channel("U1", "Ph 1", "V"), channel("Ch1", "Voie1", "W"), channel("Ch2", "x", "W")},
                    {242.25, -0.5, kNaN}),
            "1761440400\tM02001171_Ch1_M02001171_W\t-0.5\n1761440400\tM02001171_U1_M02001171_V\t242.25\n");
}

TEST(RowWriterTest, CsvHasUtcOrLocalTimeWithItsOffset) {
  const std::vector<model::Channel> channels = {channel("U1", "Ph 1", "V"), channel("Ch1", "Voie1", "W,\"x\"")};
  EXPECT_EQ(written({.form = TextForm::csv}, channels, {242.25, kNaN}),
            "time,M02001171_U1_M02001171_V,\"M02001171_Ch1_M02001171_W,\"\"x\"\"\"\n2025-10-26T01:00:00Z,242.25,\n");
  const model::Zone paris = *model::Zone::from_name("Europe/Paris");
  EXPECT_NE(written({.form = TextForm::csv, .zone = paris}, channels, {1, 2}).find("\n2025-10-26T02:00:00+01:00,1,2\n"),
            std::string::npos);
}

TEST(RowWriterTest, LocalTimeFollowsTheClockChangeBothWays) {
  RowWriter writer({.form = TextForm::csv, .zone = *model::Zone::from_name("Europe/Paris")},
                   std::vector{channel("U1", "Ph 1", "V")});
  std::string text;
  for (const std::int64_t time : {1'761'440'399, 1'761'440'400, 1'761'440'399}) writer.append_row(time, std::vector{1.0}, text);
  EXPECT_EQ(text, "2025-10-26T02:59:59+02:00,1\n2025-10-26T02:00:00+01:00,1\n2025-10-26T02:59:59+02:00,1\n");
}

TEST(RowWriterTest, LineProtocolSortsAndEscapesItsTags) {
  EXPECT_EQ(written({.form = TextForm::line_protocol, .campaign = "site 1, a=b\\"}, {channel("U1", "Ph 1", "V")}, {242.25}),
            "electrical,campaign=site\\ 1\\,\\ a\\=b_,channel_id=M02001171_U1_M02001171,channel_label=U1,channel_name=Ph\\ 1,"
            "channel_unit=V,device=MV2,device_master_sn=02001171,device_sn=02001171,device_subtype=tri,device_type=master "
            "M02001171_U1_M02001171_V=242.25 1761440400\n");
}

TEST(RowWriterTest, LineProtocolLeavesEmptyTagsOutAndHasNoSubtypeForSlaves) {
  model::Channel slave{"02001171", "04000466", "Ch1", "", "", model::DeviceType::slave, model::DeviceSubtype::none};
  EXPECT_EQ(written({.form = TextForm::line_protocol}, {slave}, {1}),
            "electrical,channel_id=S04000466_Ch1_M02001171,channel_label=Ch1,device=MV2,device_master_sn=02001171,"
            "device_sn=04000466,device_type=slave S04000466_Ch1_M02001171=1 1761440400\n");
}

TEST(RowWriterTest, ANewlineInATitleCannotForgeALine) {
  const std::string text = written({.form = TextForm::line_protocol}, {channel("U1", "a\nb c=1", "V")}, {1});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find("channel_name=a_b\\ c\\=1,"), std::string::npos);
}

TEST(RowWriterTest, NumbersReadBackAsTheSameDouble) {
  for (const double value : {0.1, 249.71, 1e300, 5e-324, -123456789.125, 1.0 / 3, 1e21, 0.0}) {
    std::string text;
    append_number(value, text);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
}

std::string exported(testing::MemorySource& source, TextForm form, model::Period period) {
  auto snapshot = *source.snapshot(1);
  const auto campaign = (*snapshot->campaigns()).front();
  const auto channels = *snapshot->channels(campaign.id);
  std::string text;
  const auto done = export_text({*snapshot, campaign, channels, 1}, period, {.form = form}, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  EXPECT_TRUE(done);
  return text;
}

/// Every sample of the campaign as the definition of the `samples` form says, by sorting lines.
std::string naive_samples(const testing::MemoryCampaign& campaign, model::Period period) {
  std::vector<std::tuple<std::int64_t, std::string, std::string>> lines;
  for (const auto& logger : campaign.loggers) {
    for (std::size_t c = 0; c < logger.channels.size(); ++c) {
      const std::string field = model::field_name(logger.channels[c], model::ChannelIdStyle::device_first);
      for (std::size_t row = 0; row < logger.rows.time_s.size(); ++row) {
        const std::int64_t time = logger.rows.time_s[row];
        if (time < period.from_s || time >= period.to_s || logger.rows.columns[c].is_missing(row)) continue;
        std::string number;
        append_number(logger.rows.columns[c].value(row), number);
        lines.emplace_back(time, field, number);
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& [time, field, number] : lines) text += std::to_string(time) + '\t' + field + '\t' + number + '\n';
  return text;
}

TEST(ExportTest, MergesAllLoggersInTimeOrder) {
  testing::MemorySource source;
  source.block_rows = 170;
  source.campaigns.push_back(testing::random_campaign("c", 4, {.loggers = 5, .rows = 900, .channels = 4}));
  const model::Period whole{0, 4'000'000'000};
  EXPECT_EQ(exported(source, TextForm::samples, whole), naive_samples(source.campaigns[0], whole));
  const model::Period part{1'735'689'600 + 100'000, 1'735'689'600 + 300'000};
  EXPECT_EQ(exported(source, TextForm::samples, part), naive_samples(source.campaigns[0], part));
}

TEST(ExportTest, ManyWindowsGiveTheSameTextAsOne) {
  testing::MemorySource source;
  source.block_rows = 5000;
  source.campaigns.push_back(testing::random_campaign("c", 9, {.loggers = 6, .rows = 30'000, .channels = 12, .tidy = true}));
  const model::Period whole{1'735'689'600, 1'735'689'600 + 30'000 * 600};
  EXPECT_TRUE(exported(source, TextForm::samples, whole) == naive_samples(source.campaigns[0], whole));
  EXPECT_GT(source.reads, 36U);  // several windows were needed
}

TEST(ExportTest, CsvHasOneRowAStampAndItsHeadingAlways) {
  testing::MemorySource source;
  source.campaigns.push_back(testing::random_campaign("c", 4, {.loggers = 2, .rows = 10, .channels = 2, .tidy = true}));
  const std::string text = exported(source, TextForm::csv, {0, 4'000'000'000});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
  EXPECT_EQ(exported(source, TextForm::csv, {0, 1}).substr(0, 5), "time,");
  EXPECT_EQ(exported(source, TextForm::samples, {0, 1}), "");
}

TEST(ExportTest, ASinkThatRefusesEndsTheExport) {
  testing::MemorySource source;
  source.campaigns.push_back(testing::random_campaign("c", 4, {.loggers = 1, .rows = 20'000, .channels = 8}));
  auto snapshot = *source.snapshot(1);
  const auto campaign = (*snapshot->campaigns()).front();
  const auto channels = *snapshot->channels(campaign.id);
  int pieces = 0;
  const auto done = export_text({*snapshot, campaign, channels, 1}, {0, 4'000'000'000}, {}, [&](std::string_view) {
    ++pieces;
    return false;
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(pieces, 1);
}

}  // namespace
}  // namespace pv::query
