/// What a client is told when something below throws, or when a company's store is damaged.

#include <nlohmann/json.hpp>

#include "api/server_fixture_test.h"

namespace pv::api {
namespace {

using nlohmann::json;

TEST_F(ServerTest, AnExceptionIsA500AndALineInTheLog) {
  class Throwing final : public model::SourceDirectory {
   public:
    Result<std::vector<model::TenantName>> tenants() override { throw std::runtime_error("boom"); }
    Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName&) override { throw 5; }
  } directory;
  LockedLog log;
  People people;
  ServerOptions options;
  options.registry = people.registry.get();
  options.log = [&log](std::string_view line) { log.add(line); };
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  httplib::Client one = admin_client(people, (*server)->port());
  EXPECT_EQ(one.Get("/api/v1/tenants")->status, 500);
  EXPECT_NE(log.text().find("BUG: get /api/v1/tenants: boom"), std::string::npos);
  EXPECT_EQ(one.Get("/api/v1/tenants/a/campaigns")->status, 500);
  EXPECT_EQ(one.Get("/")->status, 404);  // no pages
}

/// Tenant "good" is sound, the store of "bad" is garbage.
class HalfDamaged final : public model::SourceDirectory {
 public:
  Result<std::vector<model::TenantName>> tenants() override {
    return std::vector<model::TenantName>{*model::TenantName::parse("bad"), *model::TenantName::parse("good")};
  }
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override {
    if (tenant.str() == "bad") return fail(Errc::corrupt, "/srv/state/bad.sqlite: file is not a database");
    if (tenant.str() != "good") return fail(Errc::not_found, "there is no such company");
    return std::shared_ptr<model::SampleSource>(sound);
  }
  std::shared_ptr<testing::MemorySource> sound = std::make_shared<testing::MemorySource>();
};

TEST(DamagedTenantTest, HidesNoOtherAndItsPathStaysInTheLog) {
  HalfDamaged directory;
  LockedLog log;
  People people;
  ServerOptions options;
  options.registry = people.registry.get();
  options.log = [&log](std::string_view line) { log.add(line); };
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  httplib::Client one = admin_client(people, (*server)->port());
  const auto listed = one.Get("/api/v1/tenants");
  EXPECT_EQ(listed->status, 200);
  const json tenants = json::parse(listed->body)["tenants"];
  ASSERT_EQ(tenants.size(), 4U);  // with acme and rival, which have sent nothing
  EXPECT_EQ(tenants[1]["name"], "bad");
  EXPECT_NE(tenants[1]["error"].get<std::string>().find("damaged"), std::string::npos);
  EXPECT_FALSE(tenants[1].contains("campaigns"));
  EXPECT_EQ(tenants[2], json::parse(R"({"name":"good","campaigns":0,"standing":"active","registered":false})"));
  const auto metrics = one.Get("/metrics");
  EXPECT_EQ(metrics->status, 200);
  EXPECT_NE(metrics->body.find("powerview_tenants 2\n"), std::string::npos);
  EXPECT_NE(metrics->body.find("powerview_tenants_unreadable 1\n"), std::string::npos);
  EXPECT_EQ(one.Get("/readyz")->status, 503);
  EXPECT_NE(one.Get("/readyz")->body.find("bad"), std::string::npos);
  EXPECT_EQ(httplib::Client("127.0.0.1", (*server)->port()).Get("/readyz")->body.find("bad"), std::string::npos);
  EXPECT_EQ(one.Get("/api/v1/tenants/bad/campaigns")->status, 500);
  for (const char* path : {"/api/v1/tenants", "/metrics", "/readyz", "/api/v1/tenants/bad/campaigns"}) {
    EXPECT_EQ(one.Get(path)->body.find("/srv"), std::string::npos) << path;
  }
  EXPECT_NE(log.text().find("/srv/state/bad.sqlite"), std::string::npos);
}

}  // namespace
}  // namespace pv::api
