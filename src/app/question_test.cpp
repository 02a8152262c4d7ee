#include "app/question.h"

#include <gtest/gtest.h>

#include "store/writer.h"
#include "testing/campaign_content.h"
#include "testing/temp_folder.h"

namespace pv::app {
namespace {

using testing::must;

constexpr std::int64_t kStart = 1'754'184'000;  // 2025-08-03 01:20 UTC

class QuestionTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  QuestionOptions options_;

  QuestionTest() {
    options_.common.config = folder_.given_file("powerview.toml", "zone = \"Europe/Paris\"\n");
    options_.common.state_dir = folder_.path();
    options_.tenant = "acme";
    options_.campaign = "camp";
    store::Directory directory(folder_.path());
    must(directory.create());
    testing::GivenFile file = testing::steady_file("a", "02001084", 3, kStart, 10);
    file.tables[0].channels[0] = testing::channel_of("02001084", "02001084", "U1", "V", "Ph 1");
    file.tables[0].channels[2] = testing::channel_of("02001084", "04000466", "Ch1", "W", "Voie1");
    const auto writer = must(store::Writer::open(directory.file_of(*model::TenantName::parse("acme"))));
    const model::Delivery deliveries[] = {file.delivery()};
    must(writer->write(deliveries));
  }
  std::vector<std::string> fields(std::vector<std::string> patterns) {
    options_.channels = std::move(patterns);
    std::vector<std::string> names;
    for (const model::ChannelSummary& channel : must(open_question(options_)).channels) names.push_back(channel.field);
    return names;
  }
  Error refused() const {
    auto question = open_question(options_);
    EXPECT_FALSE(question);
    return question ? Error(Errc::io, "") : question.error();
  }
};

using Fields = std::vector<std::string>;
const std::string kVoltage = "M02001084_U1_M02001084_V";
const std::string kMaster = "M02001084_Ch2_M02001084_W";
const std::string kSlave = "S04000466_Ch1_M02001084_W";

TEST_F(QuestionTest, AsksForAllChannelsAndTheWholeCampaign) {
  const Question question = must(open_question(options_));
  EXPECT_EQ(question.channels.size(), 3U);
  EXPECT_EQ(question.period, (model::Period{kStart - 600, kStart + 9 * 600 + 1})) << "from where the first row's interval begins";
  EXPECT_EQ(question.zone.name(), "Europe/Paris");
}

TEST_F(QuestionTest, ChannelsGoByFieldIdNameAndPattern) {
  EXPECT_EQ(fields({kSlave}), Fields{kSlave});
  EXPECT_EQ(fields({"S04000466_Ch1_M02001084"}), Fields{kSlave});
  EXPECT_EQ(fields({"Ph 1"}), Fields{kVoltage});
  EXPECT_EQ(fields({"*_V"}), Fields{kVoltage});
  EXPECT_EQ(fields({"S*_Ch1_*W"}), Fields{kSlave});
  EXPECT_EQ(fields({"*_W"}), (Fields{kMaster, kSlave}));
  EXPECT_EQ(fields({kSlave, "*"}), (Fields{kVoltage, kMaster, kSlave})) << "in the campaign's order, each once";
}

TEST_F(QuestionTest, AChannelThatIsNotThereIsNamedTogetherWithSomeThatAre) {
  options_.channels = {"*_V", "M02001084_U2"};
  EXPECT_EQ(refused().kind(), Errc::not_found);
  EXPECT_NE(refused().message().find("'M02001084_U2'"), std::string::npos);
  EXPECT_NE(refused().message().find(kVoltage), std::string::npos);
  options_.channels = {"*a*b*c*d*e*"};
  EXPECT_EQ(refused().kind(), Errc::invalid_input) << "a pattern that would take for ever";
}

TEST_F(QuestionTest, PeriodsAreLocalTimeUnlessTheySayTheirOffset) {
  const auto period = [&](const char* from, const char* to) {
    options_.from = from;
    options_.to = to;
    return must(open_question(options_)).period;
  };
  EXPECT_EQ(period("2025-08-03 03:20", "2025-08-03T03:30:01"), (model::Period{kStart, kStart + 601}));
  EXPECT_EQ(period("2025-08-03T01:20:00Z", "2025-08-03T03:20:00+01:00"), (model::Period{kStart, kStart + 3600}));
  EXPECT_EQ(period("2025-08-03", "2025-08-04"), (model::Period{kStart - 12'000, kStart - 12'000 + 86'400})) << "a local day";
  EXPECT_EQ(period("1754184000", "1754184600"), (model::Period{kStart, kStart + 600}));
  EXPECT_EQ(period("2025-10-26", "2025-10-27").to_s - period("2025-10-26", "2025-10-27").from_s, 25 * 3600);
}

TEST_F(QuestionTest, WhatIsNoInstantNamesTheOption) {
  for (const char* text : {"", "yesterday", "2025-02-30", "2025-8-3", "2025-08-03T25:00", "2025-08-03 03:20 ", "2025-08-03T03:20:00+1", "1754184000x", "2025-08-03X03:20"}) {
    options_.from = text;
    EXPECT_EQ(refused().kind(), Errc::invalid_input) << text;
    EXPECT_TRUE(refused().message().starts_with("--from: ")) << refused().message();
  }
  options_.from = "2025-08-04";
  options_.to = "2025-08-03";
  EXPECT_EQ(refused().kind(), Errc::invalid_input);
}

TEST_F(QuestionTest, NamesThatCouldLeaveTheStoreFolderAreRefused) {
  for (const char* name : {"../acme", "..", "a/b", ""}) {
    options_.tenant = name;
    EXPECT_EQ(refused().kind(), Errc::invalid_input) << name;
  }
  options_.tenant = "nobody";
  EXPECT_EQ(refused().kind(), Errc::not_found);
  EXPECT_NE(refused().message().find("'nobody'"), std::string::npos);
  options_.tenant = "acme";
  options_.campaign = "south";
  EXPECT_EQ(refused().kind(), Errc::not_found);
  EXPECT_NE(refused().message().find("'south'"), std::string::npos);
}

}  // namespace
}  // namespace pv::app
