#pragma once
/// A registry of a test's own, with a clock that the test moves and passwords that hash fast.

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tenancy/registry.h"
#include "testing/temp_folder.h"

namespace pv::tenancy {

inline const Actor kBoss{.name = "boss", .address = "10.0.0.9"};
inline constexpr const char* kPassword = "correct horse battery";

inline model::TenantName tenant_named(std::string_view name) { return model::TenantName::parse(name).value(); }

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() : registry(reopened()) {}

  std::unique_ptr<Registry> reopened() {
    auto opened = Registry::open(folder.path(), {.now_s = [this] { return now_s; },
                                                 .steady_s = [this] { return now_s; },
                                                 .hash_cost = HashCost::least});
    if (!opened) throw std::runtime_error(opened.error().message());
    return std::move(*opened);
  }

  model::TenantName given_tenant(std::string_view name) {
    EXPECT_TRUE(registry->create_tenant(tenant_named(name), {}, kBoss));
    return tenant_named(name);
  }

  /// Of the tenant acme unless it is an administrator.
  User given_user(std::string_view name, Role role = Role::editor) {
    std::optional<model::TenantName> tenant;
    if (role != Role::admin) tenant = acme();
    return registry->create_user({.name = std::string(name), .tenant = tenant, .role = role, .password = Secret(kPassword)}, kBoss).value().user;
  }

  model::TenantName acme() {
    const auto name = tenant_named("acme");
    if (!registry->tenant(name)) given_tenant("acme");
    return name;
  }

  tl::expected<SignedIn, Refused> sign_in(std::string_view user, std::string_view password = kPassword, std::string_view code = "",
                                          std::string_view address = "10.0.0.1") {
    return registry->sign_in({.user = std::string(user),
                              .code = std::string(code),
                              .password = Secret(std::string(password)),
                              .address = std::string(address),
                              .agent = "a browser"});
  }

  std::string session_of(std::string_view user) { return sign_in(user).value().session.reveal(); }

  std::vector<AuditEntry> entries() { return registry->audit({}, 1000).value(); }  // newest first

  std::vector<std::string> actions() {
    std::vector<std::string> names;
    for (const AuditEntry& entry : entries()) names.insert(names.begin(), entry.action);
    return names;
  }

  AuditEntry last_entry() { return registry->audit({}, 1).value().at(0); }

  std::int64_t now_s = 1'700'000'000;
  testing::TempFolder folder;
  std::unique_ptr<Registry> registry;
};

}  // namespace pv::tenancy
