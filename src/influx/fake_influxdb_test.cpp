// The fake is as strict as the real one: what a client may lean on is shown here.

#include <string>

#include <gtest/gtest.h>

#include "base/http_client.h"
#include "fakes/influxdb/flux.h"
#include "fakes/influxdb/points.h"
#include "fakes/influxdb/server.h"

namespace pv::testing::influxdb {
namespace {

std::string refusal(std::string_view line) {
  std::optional<Point> point;
  const std::string why = read_line(line, 1, point);
  EXPECT_EQ(why.empty(), point.has_value() || line.empty() || line[0] == '#') << line;
  return why;
}

TEST(FakeInfluxdbLines, takes_what_the_protocol_has) {
  for (const char* good : {"m f=1 1", "m,a=b f=1i,g=2u,h=t,i=\"x \\\" , =\" -5", "m\\ x,a\\,b=c\\=d f\\ g=.5 1", "m f=-5. 1", "m f=1e+20 1", "m,a=\"q\" f=1.5E-3 1", "#x", "",
                           "m,a=b\\c f=1 1"}) {
    EXPECT_EQ(refusal(good), "") << good;
  }
}

TEST(FakeInfluxdbLines, refuses_what_the_protocol_has_not) {
  for (const char* bad : {"m", "m,a=b", "m f=1", "m f= 1", "m =1 1", "m,a= f=1 1", "m,=b f=1 1", "m,a=b,a=c f=1 1", "m,time=x f=1 1", "m f=NaN 1", "m f=+1 1", "m f=0x1 1",
                          "m f=1 1\r", "m f=inf 1", "m f=1e400 1", "m f=\"x 1", ",a=b f=1 1", "m,a=b=c f=1 1", "m f=1 1.5", "m f=1,000 1", "m,a=b\\ f=1 1"}) {
    EXPECT_NE(refusal(bad), "") << bad;
  }
}

class FakeInfluxdb : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.start();
    HttpClientOptions options;
    options.base_url = server_.url();
    options.answer_time = std::chrono::milliseconds(2'000);
    client_ = *HttpClient::open(std::move(options));
    server_.given("b", "m,t=1 f=1 1750000000\n");
  }
  HttpResponse call(const std::string& method, const std::string& target, const std::string& body = {}, const std::string& token = "operator-token") {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!body.empty()) request.content_type = "application/json";
    if (!token.empty()) request.headers = {{"Authorization", "Token " + token}};
    auto answer = client_->send(request);
    return answer ? *answer : HttpResponse();
  }
  HttpResponse write(const std::string& lines, const std::string& token = "operator-token") {
    return call("POST", "/api/v2/write?org=powerview&bucket=b&precision=s", lines, token);
  }
  HttpResponse query(const std::string& flux, const std::string& token = "operator-token") {
    std::string text;
    for (const char c : flux) text += c == '"' ? "\\\"" : std::string(1, c);
    return call("POST", "/api/v2/query?org=powerview", R"({"query":")" + text + R"(","type":"flux","dialect":{"annotations":["datatype","group","default"]}})", token);
  }
  std::string id_of(const std::string& body) {
    const std::size_t at = body.find("\"id\":\"") + 6;
    return body.substr(at, 16);
  }
  Server server_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(FakeInfluxdb, unknown_paths_give_a_page_and_known_ones_say_who_it_is) {
  EXPECT_EQ(call("GET", "/api2/nothing").status, 200);
  EXPECT_NE(call("GET", "/api2/nothing").header("content-type").find("html"), std::string_view::npos);
  EXPECT_EQ(call("GET", "/ping", {}, "").status, 204);
  EXPECT_EQ(call("GET", "/ping", {}, "").header("x-influxdb-version"), "v2.9.1");
  EXPECT_EQ(call("GET", "/health", {}, "").status, 200);
  EXPECT_EQ(call("GET", "/api/v2/nothing").status, 404);
}

TEST_F(FakeInfluxdb, writes_all_or_nothing_on_400_and_the_good_ones_on_422) {
  EXPECT_EQ(write("m,t=1 f=2 1750000001\nbad\n").status, 400);
  EXPECT_EQ(server_.count("b"), 1U);
  const HttpResponse partial = write("m,t=1 f=2 1750000001\nm,t=1 f=2i 1750000002\n");
  EXPECT_EQ(partial.status, 422);
  EXPECT_NE(partial.body.find("dropped=1"), std::string::npos);
  EXPECT_EQ(server_.count("b"), 2U);
  EXPECT_EQ(write("m,t=1 f=2i 1790000002\n").status, 204) << "types are kept by the week";
  EXPECT_EQ(write("").status, 204);
  server_.keep_only_from("b", 1'750'000'100);
  EXPECT_NE(write("m,t=3 f=2 1750000099\nm,t=3 f=2 1750000100\n").body.find("dropped=1"), std::string::npos);
  server_.remove("b", 1'750'000'100, 1'750'000'100);
  EXPECT_EQ(call("POST", "/api/v2/write?org=powerview&bucket=b&precision=h", "m f=1 1\n").status, 400);
  EXPECT_EQ(call("POST", "/api/v2/write?org=powerview&bucket=none&precision=s", "m f=1 1\n").status, 404);
  EXPECT_EQ(call("POST", "/api/v2/write?org=nobody&bucket=b&precision=s", "m f=1 1\n").status, 404);
}

TEST_F(FakeInfluxdb, a_400_names_as_many_lines_as_it_is_told_to) {
  for (const auto& [most, named] : {std::pair<std::size_t, int>{0, 0}, {1, 1}, {5, 2}}) {
    Server server({.most_named_lines = most});
    server.start();
    server.given("b", "m f=1 1\n");
    const auto client = HttpClient::open({.base_url = server.url()});
    ASSERT_TRUE(client);
    HttpRequest request{.method = "POST", .target = "/api/v2/write?org=powerview&bucket=b&precision=s", .headers = {{"Authorization", "Token operator-token"}}, .body = "bad\nm f=1 2\nworse\n",
                        .content_type = "text/plain"};
    const auto answer = (*client)->send(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    int count = 0;
    for (std::size_t at = answer->body.find("unable to parse"); at != std::string::npos; at = answer->body.find("unable to parse", at + 1)) ++count;
    EXPECT_EQ(count, named);
    EXPECT_EQ(server.count("b"), 1U);
  }
}

TEST_F(FakeInfluxdb, rights_are_checked_with_the_statuses_of_the_real_one) {
  EXPECT_EQ(write("m f=1 1\n", "").status, 401);
  EXPECT_EQ(write("m f=1 1\n", "unknown").status, 401);
  const std::string made = call("GET", "/api/v2/buckets?name=b&org=powerview").body;
  const std::string bucket = id_of(made.substr(made.find("\"createdAt\"")));
  const std::string reader = server_.given_token("r", R"([{"action":"read","resource":{"type":"buckets","id":")" + bucket + R"("}}])");
  EXPECT_EQ(write("m f=1 1\n", reader).status, 403);
  EXPECT_EQ(query("from(bucket: \"b\") |> range(start: 2025-01-01T00:00:00Z, stop: 2026-01-01T00:00:00Z)", reader).status, 200);
  server_.given("other", "m f=1 1\n");
  EXPECT_EQ(query("from(bucket: \"other\") |> range(start: 2025-01-01T00:00:00Z, stop: 2026-01-01T00:00:00Z)", reader).status, 404);
  EXPECT_EQ(call("POST", "/api/v2/buckets", R"({"orgID":"0a00000000000001","name":"x"})", reader).status, 401) << "management lacks a right: 401";
  EXPECT_EQ(call("GET", "/api/v2/buckets?orgID=0a00000000000001&name=other", {}, reader).status, 404);
  EXPECT_EQ(call("GET", "/api/v2/orgs?org=powerview", {}, reader).status, 401);
}

TEST_F(FakeInfluxdb, conflicts_are_422_and_lists_are_paged_and_hide_tokens) {
  EXPECT_EQ(call("POST", "/api/v2/buckets", R"({"orgID":"0a00000000000001","name":"b"})").status, 422);
  EXPECT_EQ(call("POST", "/api/v2/buckets", R"({"orgID":"0a00000000000001","name":"_b"})").status, 400);
  EXPECT_EQ(call("POST", "/api/v2/buckets", R"({"orgID":"0a00000000000001","name":"c","retentionRules":[{"type":"expire","everySeconds":60}]})").status, 500);
  EXPECT_EQ(call("GET", "/api/v2/buckets?limit=101&orgID=0a00000000000001").status, 400);
  EXPECT_NE(call("GET", "/api/v2/buckets?limit=2&orgID=0a00000000000001").body.find("\"next\""), std::string::npos);
  const std::string made = call("POST", "/api/v2/authorizations",
                                R"({"orgID":"0a00000000000001","permissions":[{"action":"read","resource":{"type":"buckets","id":"0a00000000000005"}}]})").body;
  EXPECT_NE(made.find("\"token\":\"token-"), std::string::npos);
  EXPECT_EQ(call("GET", "/api/v2/authorizations").body.find("token-"), std::string::npos);
  EXPECT_EQ(call("POST", "/api/v2/authorizations", R"({"orgID":"0a00000000000001","permissions":[]})").status, 400);
  EXPECT_EQ(call("GET", "/api/v2/orgs?org=nobody").status, 404);
  server_.given_task("t");
  EXPECT_EQ(call("GET", "/api/v2/tasks?limit=501").status, 400);
  EXPECT_NE(call("GET", "/api/v2/tasks?name=t").body.find("\"t\""), std::string::npos);
}

TEST_F(FakeInfluxdb, queries_are_annotated_and_what_it_does_not_know_is_refused) {
  const HttpResponse all = query("from(bucket: \"b\") |> range(start: 2025-01-01T00:00:00Z, stop: 2026-01-01T00:00:00Z) |> keep(columns: [\"_time\", \"_value\", \"t\"])");
  EXPECT_EQ(all.body, "#datatype,string,long,dateTime:RFC3339,double,string\r\n#group,false,false,false,false,true\r\n#default,_result,,,,\r\n"
                      ",result,table,_time,_value,t\r\n,,0,2025-06-15T15:06:40Z,1,1\r\n\r\n");
  const std::string range = "from(bucket: \"b\") |> range(start: 2025-01-01T00:00:00Z, stop: 2026-01-01T00:00:00Z)";
  for (const std::string& bad : {range + " |> pivot()", range + " |> filter(fn: (r) => r.a == \"x\" or r.b == \"y\")", range + " |> aggregateWindow(every: 1d, fn: sum)",
                                 std::string("buckets()"), range + " |> filter(fn: (r) => r.a == \"${x}\")",
                                 std::string("from(bucket: \"b\") |> range(start: 2025-01-01T00:00:00Z, stop: 2025-01-01T00:00:00Z)")}) {
    EXPECT_EQ(query(bad).status, 400) << bad;
  }
}

TEST_F(FakeInfluxdb, deletes_by_tags_and_only_so) {
  server_.given("b", "m,t=2 f=1 1750000000\n");
  const std::string target = "/api/v2/delete?org=powerview&bucket=b";
  const std::string range = R"("start":"2025-01-01T00:00:00Z","stop":"2026-01-01T00:00:00Z")";
  EXPECT_EQ(call("POST", target, "{" + range + R"(,"predicate":"t=\"1\" OR t=\"2\""})").status, 400);
  EXPECT_EQ(call("POST", target, "{" + range + R"(,"predicate":"_field=\"f\""})").status, 501);
  EXPECT_EQ(call("POST", target, "{" + range + R"(,"predicate":"_measurement=\"m\" AND t=\"1\""})").status, 204);
  EXPECT_EQ(server_.count("b"), 1U);
  server_.given("b", "m,t=a\"b f=1 1750000000\n");
  EXPECT_EQ(call("POST", target, "{" + range + R"(,"predicate":"t=\"a\\\"b\""})").status, 204);
  EXPECT_EQ(server_.count("b"), 1U) << "quotes in a value are written with a backslash";
}

TEST_F(FakeInfluxdb, faults_happen_as_told_and_a_restart_keeps_what_it_holds) {
  server_.fail_next(1, {.kind = Fault::Kind::status, .status = 503, .retry_after = "7", .path = "/api/v2/write"});
  EXPECT_EQ(call("GET", "/ping").status, 204);
  EXPECT_EQ(write("m f=1 1750000009\n").header("retry-after"), "7");
  server_.fail_next(1, {.kind = Fault::Kind::cut_before});
  EXPECT_EQ(write("m f=1 1750000009\n").status, 0);
  EXPECT_EQ(server_.count("b"), 1U);
  server_.fail_next(1, {.kind = Fault::Kind::cut_after});
  EXPECT_EQ(write("m f=1 1750000009\n").status, 0);
  EXPECT_EQ(server_.count("b"), 2U);
  server_.fail_next(1, {.kind = Fault::Kind::broken_chunk});
  EXPECT_EQ(write("m f=1 1750000010\n").status, 0);
  const std::string url = server_.url();
  server_.stop();
  EXPECT_EQ(call("GET", "/ping").status, 0);
  server_.start();
  EXPECT_EQ(server_.url(), url);
  EXPECT_EQ(server_.count("b"), 2U);
  EXPECT_EQ(write("m f=1 1750000010\n").status, 204);
  EXPECT_EQ(server_.requests().back().status, 204);
  EXPECT_EQ(server_.requests().back().token, "operator-token");
}

}  // namespace
}  // namespace pv::testing::influxdb
