#include "victoria/export_reader.h"

#include <cmath>

#include <gtest/gtest.h>

#include "victoria/labels.h"

namespace pv::victoria {
namespace {

const std::string kLine =
    R"({"metric":{"__name__":"electrical_x","db":"a\"}{b","campaign":"caf\u00e9"},"values":[242.25,null,-0.1,"Infinity",1e-9,-0,1e999,123456789.12000001],)"
    R"("timestamps":[1700000000000,1700000001000,1700000002000,1700000003000,1700000004999,1700000005000,1700000006000,1700000007000]})";

std::vector<ExportedRun> runs_of(std::string_view text, std::size_t piece) {
  std::vector<ExportedRun> runs;
  ExportReader reader([&runs](const ExportedRun& run) -> Result<void> {
    runs.push_back(run);
    return {};
  });
  for (std::size_t at = 0; at < text.size(); at += piece) EXPECT_TRUE(reader.feed(text.substr(at, piece)));
  EXPECT_TRUE(reader.finish());
  return runs;
}

TEST(ExportReader, ReadsASeriesHoweverItsBytesArrive) {
  const std::string text = kLine + "\n" + kLine + "\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
    const auto runs = runs_of(text, piece);
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(label(runs[1].labels, "db"), "a\"}{b");
    EXPECT_EQ(label(runs[1].labels, "campaign"), "café");
    EXPECT_EQ(label(runs[1].labels, "absent"), "");
    EXPECT_EQ(runs[1].time_s, (std::vector<std::int64_t>{1700000000, 1700000002, 1700000004, 1700000005, 1700000007}));
    EXPECT_EQ(runs[1].values, (std::vector<double>{242.25, -0.1, 1e-9, 0, 123456789.12}));
    EXPECT_FALSE(std::signbit(runs[1].values[3]));
  }
}

TEST(ExportReader, RefusesWhatIsNoExport) {
  for (const char* text : {
           "<html>\n", "{}\n", R"({"metric":{"a":1},"values":[],"timestamps":[]})" "\n", R"({"metric":{"a":{}},"values":[],"timestamps":[]})" "\n",
           R"({"metric":{},"values":[1],"timestamps":[]})" "\n", R"({"metric":{},"values":[1 2],"timestamps":[1,2]})" "\n",
           R"({"metric":{},"values":[1],"timestamps":[-1]})" "\n", R"({"metric":{},"values":[1],"timestamps":[99999999999999999]})" "\n",
           R"({"metric":{},"values":[x],"timestamps":[1]})" "\n", R"({"metric":{},"values":[1],"timestamps":[1]}})" "\n",
           R"({"metric":{},"values":["1],"timestamps":[1]})" "\n", R"({"metric":{"a":"b)" "\n"}) {
    ExportReader reader([](const ExportedRun&) -> Result<void> { return {}; });
    const auto read = reader.feed(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind(), Errc::unavailable);
  }
}

TEST(ExportReader, ACutAnswerIsAnError) {
  ExportReader reader([](const ExportedRun&) -> Result<void> { return {}; });
  ASSERT_TRUE(reader.feed(kLine));
  EXPECT_FALSE(reader.finish());
}

TEST(ExportReader, ALineWithoutEndIsGivenUp) {
  ExportReader reader([](const ExportedRun&) -> Result<void> { return {}; });
  const std::string piece(1U << 20, 'x');
  std::size_t taken = 0;
  while (taken <= kMostLineBytes && reader.feed(piece)) taken += piece.size();
  EXPECT_LE(taken, kMostLineBytes);
}

TEST(Labels, AChannelComesBackFromItsLabels) {
  const model::Channel channel{"02001171", "04000466", "Ch1", "Voie 1, \"bis\" = \\", "W", model::DeviceType::slave, model::DeviceSubtype::none};
  const std::string head = line_head(*model::TenantName::parse("a b"), *model::CampaignName::parse("c=1"), channel, model::ChannelIdStyle::device_first);
  EXPECT_EQ(head,
            "electrical,db=a\\ b,campaign=c\\=1,device_master_sn=02001171,channel_id=S04000466_Ch1_M02001171,channel_unit=W,channel_label=Ch1,"
            "channel_name=Voie\\ 1\\,\\ \"bis\"\\ \\=\\ \\\\,device=MV2,device_type=slave,device_sn=04000466 S04000466_Ch1_M02001171_W=");
  const Labels labels = {{"device_master_sn", "02001171"}, {"device_sn", "04000466"}, {"channel_label", "Ch1"}, {"channel_name", channel.name},
                         {"channel_unit", "W"}, {"device_type", "slave"}};
  EXPECT_EQ(channel_of(labels), channel);
  EXPECT_FALSE(channel_of({{"device_master_sn", "../x"}, {"device_sn", "1"}, {"channel_label", "Ch1"}}));
}

TEST(Labels, ASelectorNamesTheCompanyWhateverItIsCalled) {
  Selector selector(*model::TenantName::parse("a\"} or {b"));
  selector.channels();
  EXPECT_EQ(selector.text(), "{db=\"a\\\"} or {b\",__name__=~\"electrical_.+\"}");
}

}  // namespace
}  // namespace pv::victoria
