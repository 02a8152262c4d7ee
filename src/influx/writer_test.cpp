#include "influx/writer.h"

#include <string>

#include <gtest/gtest.h>

#include "fakes/influxdb/server.h"
#include "influx/fake_server_test.h"

namespace pv::influx {
namespace {

using testing::influxdb::Fault;

std::string lines(int from, int to, const std::string& campaign = "c") {
  std::string out;
  for (int i = from; i < to; ++i) {
    out += "electrical,campaign=" + campaign + ",channel_id=a,device_master_sn=0200 a_V=" + std::to_string(i) + ".5 " + std::to_string(1'750'000'000 + i * 60) + "\n";
  }
  return out;
}

class WriterTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    connection_ = connect();
    writer_ = std::make_unique<Writer>(*connection_, WriterOptions{.batch = {.lines = 100, .bytes = 64U << 10}, .most_requests = 60});
    ASSERT_TRUE(writer_->ensure("b"));
    server().forget_requests();
  }
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Writer> writer_;
  model::MirrorOutcome outcome_;
};

TEST_F(WriterTest, cuts_lines_into_batches_and_counts_them) {
  ASSERT_TRUE(writer_->write("b", lines(0, 250), outcome_));
  EXPECT_EQ(outcome_.points, 250U);
  EXPECT_EQ(outcome_.requests, 3U);
  EXPECT_EQ(server().count("b"), 250U);
  ASSERT_TRUE(writer_->write("b", lines(0, 250), outcome_));
  EXPECT_EQ(server().count("b"), 250U) << "the same again changes nothing";
}

TEST_F(WriterTest, a_line_that_does_not_parse_comes_back_and_the_others_land) {
  const std::string text = lines(0, 10) + "electrical,campaign=c\\ 2,device_master_sn=0201 a_V=x 1750000001\n" + lines(20, 30);
  ASSERT_TRUE(writer_->write("b", text, outcome_));
  EXPECT_EQ(server().count("b"), 20U);
  EXPECT_EQ(outcome_.points, 20U);
  EXPECT_EQ(outcome_.requests, 2U) << "the server names the line";
  ASSERT_EQ(outcome_.refused.size(), 1U);
  EXPECT_EQ(outcome_.refused[0].campaign, "c 2");
  EXPECT_EQ(outcome_.refused[0].logger_sn, "0201");
  EXPECT_EQ(outcome_.refused[0].field, "a_V");
  EXPECT_EQ(outcome_.refused[0].time_s, 1'750'000'001);
  EXPECT_EQ(outcome_.refused[0].reason, "invalid number");
}

TEST_F(WriterTest, values_of_another_type_are_found_among_good_ones) {
  server().given("b", "electrical,x=y a_V=1i 1750000600\n");  // the week of lines 0 to 99
  ASSERT_TRUE(writer_->write("b", "electrical,campaign=c b_V=1 1750000000\nelectrical,campaign=c a_V=1 1750000060\nelectrical,campaign=c c_V=1 1750000000\n", outcome_));
  EXPECT_EQ(outcome_.points, 2U);
  ASSERT_EQ(outcome_.refused_total, 1U);
  EXPECT_EQ(outcome_.refused[0].field, "a_V");
  EXPECT_NE(outcome_.refused[0].reason.find("field type conflict"), std::string::npos);
}

TEST_F(WriterTest, a_batch_that_is_all_too_old_costs_one_request) {
  server().keep_only_from("b", 1'800'000'000);
  ASSERT_TRUE(writer_->write("b", lines(0, 100), outcome_));
  EXPECT_EQ(outcome_.requests, 1U);
  EXPECT_EQ(outcome_.refused_total, 100U);
  EXPECT_EQ(outcome_.points, 0U);
}

TEST_F(WriterTest, a_server_that_refuses_without_saying_what_ends_in_an_error_and_not_in_lost_lines) {
  server().fail_next(1'000, {.status = 400});
  const auto written = writer_->write("b", lines(0, 100), outcome_);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), Errc::invalid_input);
  EXPECT_LE(outcome_.requests, 60U);
}

TEST_F(WriterTest, a_server_that_refuses_everything_drops_no_line_however_small_the_batch) {
  server().fail_next(1'000, {.status = 400});
  const auto written = writer_->write("b", lines(0, 20), outcome_);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), Errc::invalid_input);
  EXPECT_EQ(outcome_.refused_total, 0U);
  EXPECT_EQ(outcome_.requests, 2U) << "the lines, and nothing at all";
  server().clear_faults();
  outcome_ = {};
  ASSERT_TRUE(writer_->write("b", lines(0, 20), outcome_));
  EXPECT_EQ(outcome_.points, 20U);
}

/// Channel by channel, as blocks are sent.
std::string channel_lines(int channels, int rows, const std::string& bad_value_of = "") {
  std::string out;
  for (int c = 0; c < channels; ++c) {
    for (int i = 0; i < rows; ++i) {
      const std::string field = "a" + std::to_string(c) + "_V";
      out += "electrical,campaign=c,channel_id=a" + std::to_string(c) + " " + field + "=" + (field == bad_value_of ? "x" : "1.5") + " " + std::to_string(1'750'000'000 + i * 600) + "\n";
    }
  }
  return out;
}

TEST_F(WriterTest, an_edge_of_what_is_kept_amid_the_rows_of_many_channels_is_found_by_time) {
  server().keep_only_from("b", 1'750'000'000 + 71 * 600);
  Writer writer(*connection_, {.batch = {}});
  ASSERT_TRUE(writer.ensure("b"));
  ASSERT_TRUE(writer.write("b", channel_lines(30, 144), outcome_));
  EXPECT_EQ(outcome_.points, 30U * 73);
  EXPECT_EQ(outcome_.refused_total, 30U * 71);
  EXPECT_EQ(server().count("b"), 30U * 73);
  EXPECT_LE(outcome_.requests, 20U);
}

TEST_F(WriterTest, conflicts_of_many_fields_are_told_apart_by_their_names) {
  for (const int c : {3, 4, 17, 29}) server().given("b", "electrical,x=y a" + std::to_string(c) + "_V=1i 1750000600\n");
  Writer writer(*connection_, {.batch = {}});
  ASSERT_TRUE(writer.ensure("b"));
  ASSERT_TRUE(writer.write("b", channel_lines(30, 144), outcome_));
  EXPECT_EQ(outcome_.points, 26U * 144);
  EXPECT_EQ(outcome_.refused_total, 4U * 144);
  EXPECT_LE(outcome_.requests, 9U);
}

TEST_F(WriterTest, lines_that_a_server_names_one_at_a_time_are_left_out_within_the_bound) {
  stop_server();
  start_server({.most_named_lines = 1});
  connection_ = connect();
  Writer writer(*connection_, {.batch = {}, .most_requests = 60});
  ASSERT_TRUE(writer.ensure("b"));
  ASSERT_TRUE(writer.write("b", channel_lines(3, 40, "a1_V"), outcome_));
  EXPECT_EQ(outcome_.points, 80U);
  EXPECT_EQ(outcome_.refused_total, 40U);
  EXPECT_EQ(outcome_.requests, 41U);
  outcome_ = {};
  ASSERT_FALSE(writer.write("b", channel_lines(3, 144, "a1_V"), outcome_)) << "more than the bound";
  EXPECT_LE(outcome_.requests, 60U);
}

TEST_F(WriterTest, bad_lines_between_good_ones_that_no_answer_names_are_all_found) {
  stop_server();
  start_server({.most_named_lines = 0});
  connection_ = connect();
  Writer writer(*connection_, {.batch = {}, .most_requests = 60});
  ASSERT_TRUE(writer.ensure("b"));
  std::string text;
  for (int i = 0; i < 300; ++i) text += lines(i, i + 1) + "electrical,campaign=c,device_master_sn=0201 a_V=x " + std::to_string(1'750'000'000 + i) + "\n";
  ASSERT_TRUE(writer.write("b", text, outcome_));
  EXPECT_EQ(outcome_.points, 300U);
  EXPECT_EQ(outcome_.refused_total, 300U);
}

TEST_F(WriterTest, bodies_are_compressed_on_the_wire) {
  ASSERT_TRUE(writer_->write("b", lines(0, 50), outcome_));
  ASSERT_EQ(server().requests().size(), 1U);
  EXPECT_EQ(server().requests()[0].content_encoding, "gzip");
}

TEST_F(WriterTest, a_stop_ends_the_call_before_the_next_request) {
  std::size_t asked = 0;
  Writer writer(*connection_, {.batch = {.lines = 100}, .is_stopped = [&asked] { return ++asked > 2; }});
  ASSERT_TRUE(writer.ensure("b"));
  const auto written = writer.write("b", lines(0, 500), outcome_);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), Errc::unavailable);
  EXPECT_EQ(outcome_.points, 200U);
}

TEST_F(WriterTest, too_large_a_batch_is_split_and_later_ones_are_smaller) {
  stop_server();
  start_server({.most_body_bytes = 3'000});
  connection_ = connect();
  Writer writer(*connection_, {.batch = {.lines = 100, .bytes = 64U << 10}});
  ASSERT_TRUE(writer.ensure("b"));
  ASSERT_TRUE(writer.write("b", lines(0, 300), outcome_));
  EXPECT_EQ(server().count("b"), 300U);
  EXPECT_LE(writer.bounds().bytes, 3'000U);
  const auto before = outcome_.requests;
  ASSERT_TRUE(writer.write("b", lines(300, 320), outcome_));
  EXPECT_EQ(outcome_.requests, before + 1);
}

TEST_F(WriterTest, busy_and_broken_servers_are_tried_later) {
  for (const int status : {429, 500, 502, 503, 504}) {
    server().fail_next(1, {.status = status, .retry_after = status == 503 ? "120" : ""});
    const auto written = writer_->write("b", lines(0, 1), outcome_);
    ASSERT_FALSE(written) << status;
    EXPECT_EQ(written.error().kind(), Errc::unavailable) << status;
  }
  EXPECT_EQ(connection_->not_before_s(), kNow_s + 120);
  server().fail_next(1, {.status = 503, .retry_after = "Fri, 13 Jun 2025 10:00:00 GMT"});
  ASSERT_FALSE(writer_->write("b", lines(0, 1), outcome_));
  EXPECT_EQ(connection_->not_before_s(), 1'749'808'800);
  for (const auto kind : {Fault::Kind::cut_before, Fault::Kind::cut_after}) {
    server().fail_next(1, {.kind = kind});
    const auto written = writer_->write("b", lines(0, 1), outcome_);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind(), Errc::unavailable);
  }
  ASSERT_TRUE(writer_->write("b", lines(0, 1), outcome_));
  EXPECT_EQ(server().count("b"), 1U);
}

TEST_F(WriterTest, a_page_with_status_200_is_a_wrong_address_and_not_success) {
  server().fail_next(1, {.kind = Fault::Kind::page});
  const auto written = writer_->write("b", lines(0, 1), outcome_);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), Errc::invalid_input);
  EXPECT_NE(written.error().message().find("influxdb.url"), std::string::npos);
  EXPECT_EQ(outcome_.points, 0U);
}

TEST_F(WriterTest, a_bad_token_is_denied_and_the_message_names_the_setting_but_not_the_token) {
  const std::string inactive = server().given_token("x", R"([{"action":"read","resource":{"type":"buckets"}},{"action":"read","resource":{"type":"orgs"}}])");
  for (const std::string& token : {std::string("wrong-token"), inactive}) {
    const auto other = connect(token);
    Writer writer(*other);
    const auto written = writer.write("b", lines(0, 1), outcome_);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind(), Errc::denied);
    EXPECT_NE(written.error().message().find("influxdb.admin_token"), std::string::npos);
    EXPECT_EQ(written.error().message().find(token), std::string::npos);
  }
}

TEST_F(WriterTest, a_bucket_that_somebody_deleted_is_made_again) {
  const auto bucket = find_bucket(*connection_, "b");
  ASSERT_TRUE(bucket && *bucket);
  ASSERT_TRUE(delete_bucket(*connection_, **bucket));
  ASSERT_TRUE(writer_->write("b", lines(0, 5), outcome_));
  EXPECT_EQ(server().count("b"), 5U);
}

}  // namespace
}  // namespace pv::influx
