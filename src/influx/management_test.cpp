#include <sys/stat.h>

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "influx/authorization.h"
#include "influx/bucket.h"
#include "influx/fake_server_test.h"
#include "influx/task.h"
#include "influx/token_book.h"
#include "testing/temp_folder.h"

namespace pv::influx {
namespace {

model::TenantName tenant(std::string_view name) { return *model::TenantName::parse(name); }

TEST(BucketNames, ordinary_companies_have_buckets_of_their_names_and_no_two_share_one) {
  const std::vector<std::string> names = {"acme", "Société Générale", "a b", "a%22b", "a\"b", "_x", "0123456789abcdef", "0123456789ABCDEF", "acme_1h", "acme%5F1h",
                                          "pv~acme_1h", "pv~x", "powerview_meta", "pv~powerview_meta", "100%", "x_1w", "a_1hb", "%", "\"", "\"_1d"};
  std::set<std::string> buckets;
  for (const std::string& name : names) {
    const std::string bucket = bucket_of(tenant(name));
    EXPECT_TRUE(buckets.insert(bucket).second) << name;
    EXPECT_EQ(bucket.find('"'), std::string::npos);
    EXPECT_FALSE(bucket.starts_with('_') || looks_like_id(bucket) || bucket.ends_with("_1h") || bucket.ends_with("_1d") || bucket.ends_with("_1w")) << bucket;
    const auto back = tenant_of(bucket);
    ASSERT_TRUE(back) << bucket;
    EXPECT_EQ(back->str(), name);
  }
  for (const char* plain : {"acme", "Société Générale", "a b", "100%", "a%22b"}) EXPECT_EQ(bucket_of(tenant(plain)), plain);
  for (const char* other : {"_tasks", "acme_1h", "powerview_meta", "pv~acme", "pv~a%zz", "pv~%2F_1h", ""}) EXPECT_FALSE(tenant_of(other)) << other;
}

class Management : public ServerTest {
 protected:
  std::unique_ptr<Connection> connection() { return connect(); }
};

TEST_F(Management, buckets_are_found_made_once_listed_over_pages_and_deleted) {
  const auto to = connection();
  EXPECT_FALSE(find_bucket(*to, "acme")->has_value()) << "not there yet";
  const auto made = ensure_bucket(*to, "acme/é +x");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(ensure_bucket(*to, "acme/é +x")->id, made->id);
  for (int i = 0; i < 230; ++i) ASSERT_TRUE(ensure_bucket(*to, "b" + std::to_string(i)));
  const auto all = list_buckets(*to);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 231U) << "without the server's own";
  ASSERT_TRUE(delete_bucket(*to, *made));
  ASSERT_TRUE(delete_bucket(*to, *made));
  EXPECT_FALSE(find_bucket(*to, "acme/é +x")->has_value());
  for (const char* bad : {"_x", "a\"b", "0123456789abcdef", ""}) {
    const auto refused = ensure_bucket(*to, bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().kind(), Errc::invalid_input);
  }
}

TEST_F(Management, a_lost_answer_to_making_a_bucket_leaves_one_bucket) {
  const auto to = connection();
  ASSERT_TRUE(to->organization_id());
  server().fail_next(1, {.kind = testing::influxdb::Fault::Kind::slow});
  server().fail_next(1, {.kind = testing::influxdb::Fault::Kind::cut_after});
  EXPECT_FALSE(ensure_bucket(*to, "acme"));
  ASSERT_TRUE(ensure_bucket(*to, "acme"));
  EXPECT_EQ(list_buckets(*to)->size(), 1U);
}

TEST_F(Management, wrong_settings_are_named) {
  Access access;
  access.url = server().url();
  access.organization = "nobody";
  access.token = Secret("operator-token");
  const auto lost = (*Connection::open(access))->organization_id();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind(), Errc::invalid_input);
  EXPECT_NE(lost.error().message().find("influxdb.org"), std::string::npos);
  const auto denied = (*Connection::open([&] {
    Access other = access;
    other.organization = "powerview";
    other.token = Secret("revoked-token");
    return other;
  }()))->organization_id();
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind(), Errc::denied);
  EXPECT_NE(denied.error().message().find("influxdb.admin_token"), std::string::npos);
  EXPECT_EQ(denied.error().message().find("revoked-token"), std::string::npos);
  access.url = server().url() + "/wrong";
  access.organization = "powerview";
  const auto astray = (*Connection::open(access))->organization_id();
  ASSERT_FALSE(astray);
  EXPECT_EQ(astray.error().kind(), Errc::invalid_input);
  EXPECT_EQ(*connection()->version(), "v2.9.1");
}

TEST_F(Management, old_tasks_are_found_with_their_doubles_and_removed) {
  for (const char* name : {"downsample_acme_1h", "downsample_acme_1h", "downsample_acme_1d", "downsample_acmeX_1h", "other"}) server().given_task(name);
  const auto to = connection();
  const auto tasks = old_downsampling_tasks(*to, "acme");
  ASSERT_TRUE(tasks) << tasks.error().message();
  ASSERT_EQ(tasks->size(), 3U);
  for (const Task& task : *tasks) ASSERT_TRUE(delete_task(*to, task));
  EXPECT_TRUE(old_downsampling_tasks(*to, "acme")->empty());
}

class Tokens : public Management {
 protected:
  Result<Secret> token(TokenRights rights = TokenRights::read) {
    const auto to = connection();
    return TokenBook(*to, folder_ / "influx-tokens").token_for("acme", rights);
  }
  std::vector<Authorization> ours() {
    const auto to = connection();
    auto all = *list_authorizations(*to);
    std::erase_if(all, [](const Authorization& one) { return one.description != "powerview_token_for_bucket_acme"; });
    return all;
  }
  testing::TempFolder folder_;
};

TEST_F(Tokens, one_token_is_made_kept_privately_and_given_again) {
  const auto first = token();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(token()->reveal(), first->reveal());
  ASSERT_EQ(ours().size(), 1U);
  EXPECT_TRUE(ours()[0].token.empty()) << "the server hides it";
  ASSERT_EQ(ours()[0].permissions.size(), 1U);
  EXPECT_EQ(ours()[0].permissions.begin()->action, Action::read);
  struct stat status {};
  ASSERT_EQ(stat((folder_ / "influx-tokens/acme.read.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(stat((folder_ / "influx-tokens").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  const auto writer = token(TokenRights::read_write);
  ASSERT_TRUE(writer);
  EXPECT_NE(writer->reveal(), first->reveal());
  EXPECT_EQ(token()->reveal(), first->reveal());
  const auto as_company = connect(first->reveal());
  EXPECT_TRUE(find_bucket(*connection(), "acme")->has_value());
  HttpRequest write;
  write.method = "POST";
  write.target = "/api/v2/write?org=powerview&bucket=acme&precision=s";
  write.body = "m v=1 1\n";
  write.content_type = "text/plain";
  EXPECT_EQ(as_company->send(write, "x")->status, 403);
  EXPECT_EQ(connect(writer->reveal())->send(write, "x")->status, 204);
}

TEST_F(Tokens, a_revoked_inactive_or_outdated_token_is_superseded_and_deleted) {
  const std::string first = token()->reveal();
  ASSERT_TRUE(delete_authorization(*connection(), ours()[0].id));
  const std::string second = token()->reveal();
  EXPECT_NE(second, first);
  ASSERT_EQ(ours().size(), 1U);

  HttpRequest inactive{.method = "PATCH", .target = "/api/v2/authorizations/" + ours()[0].id, .body = R"({"status":"inactive"})", .content_type = "application/json"};
  ASSERT_EQ(connection()->send(inactive, "x")->status, 200);
  const std::string third = token()->reveal();
  EXPECT_NE(third, second);
  ASSERT_EQ(ours().size(), 1U);

  ASSERT_TRUE(ensure_bucket(*connection(), "acme_1h"));
  const std::string fourth = token()->reveal();
  EXPECT_NE(fourth, third);
  ASSERT_EQ(ours().size(), 1U);
  EXPECT_EQ(ours()[0].permissions.size(), 2U);

  const auto to = connection();
  ASSERT_TRUE(delete_bucket(*to, **find_bucket(*to, "acme")));
  const std::string fifth = token()->reveal();
  EXPECT_NE(fifth, fourth) << "the bucket is another one now";
  EXPECT_EQ(ours().size(), 1U);
  EXPECT_EQ(token()->reveal(), fifth);
}

TEST_F(Tokens, tokens_of_others_with_the_same_description_stay) {
  server().given_token("powerview_token_for_bucket_acme", R"([{"action":"read","resource":{"type":"buckets"}}])");
  ASSERT_TRUE(token());
  ASSERT_TRUE(delete_authorization(*connection(), ours()[1].id));
  ASSERT_TRUE(token());
  EXPECT_EQ(ours().size(), 2U);
}

TEST_F(Tokens, what_others_made_after_a_lost_attempt_stays_where_it_may_do_other_things) {
  using Kind = testing::influxdb::Fault::Kind;
  const std::string path = "/api/v2/authorizations";
  server().fail_next(1, {.kind = Kind::slow, .path = path});  // the list of those that are there
  server().fail_next(1, {.kind = Kind::cut_before, .path = path});
  ASSERT_FALSE(token());
  const std::string id = (*find_bucket(*connection(), "acme"))->id;
  server().given_token("powerview_token_for_bucket_acme", R"([{"action":"read","resource":{"type":"buckets","id":")" + id +
                                                              R"("}},{"action":"write","resource":{"type":"buckets","id":")" + id + R"("}}])");
  ASSERT_TRUE(token());
  EXPECT_EQ(ours().size(), 2U);
}

TEST_F(Tokens, whichever_request_fails_in_whichever_way_one_good_token_is_left) {
  using Kind = testing::influxdb::Fault::Kind;
  for (const Kind kind : {Kind::status, Kind::cut_before, Kind::cut_after}) {
    for (int nth = 0; nth < 12; ++nth) {
      stop_server();
      start_server({});
      std::filesystem::remove_all(folder_ / "influx-tokens");
      ASSERT_TRUE(token());
      ASSERT_TRUE(ensure_bucket(*connection(), "acme_1h"));  // so that a new one is needed
      server().fail_next(nth, {.kind = Kind::slow});
      server().fail_next(1, {.kind = kind});
      (void)token();
      server().clear_faults();
      const auto good = token();
      ASSERT_TRUE(good) << good.error().message();
      ASSERT_EQ(ours().size(), 1U) << "fault " << static_cast<int>(kind) << " at request " << nth;
      EXPECT_EQ(ours()[0].permissions.size(), 2U);
      EXPECT_EQ(token()->reveal(), good->reveal());
    }
  }
}

}  // namespace
}  // namespace pv::influx
