#pragma once
/// A registry in a folder of its own, with people of two companies, for this room's tests.

#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "tenancy/registry.h"
#include "testing/temp_folder.h"

namespace pv::api {

template <class T>
T given(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}
inline void given(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message());
}

/// "acme" and "rival", each with an owner, an editor and a viewer ("acme.owner", …, all with kPassword), a read and a write token;
/// "root" is the administrator, and there is a token of the installation.
struct People {
  static constexpr const char* kPassword = "correct horse battery";

  People() {
    tenancy::RegistryOptions options;
    options.now_s = [this] { return std::time(nullptr) + ahead_s; };
    options.hash_cost = tenancy::HashCost::least;
    registry = given(tenancy::Registry::open(folder.path(), options));
    add("root", std::nullopt, tenancy::Role::admin);
    for (const char* company : {"acme", "rival"}) {
      const auto tenant = given(model::TenantName::parse(company));
      given(registry->create_tenant(tenant, {}, by));
      add(std::string(company) + ".owner", tenant, tenancy::Role::owner);
      add(std::string(company) + ".editor", tenant, tenancy::Role::editor);
      add(std::string(company) + ".viewer", tenant, tenancy::Role::viewer);
      tokens[std::string(company) + ".read"] = given(registry->create_token("reader", tenant, tenancy::TokenScope::read, 0, by)).secret.reveal();
      tokens[std::string(company) + ".write"] = given(registry->create_token("writer", tenant, tenancy::TokenScope::write, 0, by)).secret.reveal();
    }
    tokens["installation"] = given(registry->create_token("all", std::nullopt, tenancy::TokenScope::read, 0, by)).secret.reveal();
  }

  void add(const std::string& name, const std::optional<model::TenantName>& tenant, tenancy::Role role) {
    given(registry->create_user({name, tenant, role, Secret(kPassword)}, by));
  }
  /// A session of that user.
  std::string session(const std::string& name) {
    auto& kept = sessions[name];
    if (kept.empty()) {
      const auto signed_in = registry->sign_in({name, "", Secret(kPassword), "127.0.0.1", "test"});
      if (!signed_in) throw std::runtime_error("cannot sign in " + name);
      kept = signed_in->session.reveal();
    }
    return kept;
  }

  testing::TempFolder folder;
  std::int64_t ahead_s = 0;  // of the clock
  const tenancy::Actor by{"test", ""};
  std::unique_ptr<tenancy::Registry> registry;
  std::map<std::string, std::string> tokens;
  std::map<std::string, std::string> sessions;
};

}  // namespace pv::api
