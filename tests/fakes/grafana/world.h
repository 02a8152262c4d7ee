#pragma once
/// What is inside the fake Grafana, and what its routes do to it.
///   Threads: one at a time; FakeGrafana sees to that.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fakes/grafana/fake_grafana.h"

namespace pv::testing::grafana {

struct Reply {
  int status = 200;
  std::string body = "{}";
};
inline Reply ok(const nlohmann::json& body) { return {200, body.dump()}; }

struct Org {
  std::string name;
  std::map<std::int64_t, std::string> members;  // user -> role
};
struct User {
  std::string login, email, name, password;  // login and e-mail in lower case
  bool is_server_admin = false;
  std::int64_t active_org = 0;
  int failures = 0;
};
struct Token {
  std::int64_t org = 0;
  std::string role;
};
struct Team {
  std::int64_t org = 0;
  std::string name, email;
  std::map<std::int64_t, int> members;  // user -> 0 or 4
};
struct Item {  // of a permission list
  std::int64_t team = 0, user = 0;
  std::string role;
  int permission = 0;
};
struct Folder {
  std::int64_t id = 0;
  std::string title, parent;
  int version = 1;
  std::vector<Item> items;
};
struct Datasource {
  std::int64_t id = 0;
  std::string name, json;  // as it was sent, without its secrets
  std::map<std::string, std::string> secrets;
  int version = 1;
  bool is_read_only = false;
};
struct Dashboard {
  std::int64_t id = 0;
  std::string title, folder, json;
  int version = 1;
  bool is_new_format = false;
  std::vector<Item> items;
};
using Key = std::pair<std::int64_t, std::string>;  // organization, uid

struct Caller {
  std::int64_t user = 0;  // 0: a service account
  std::int64_t org = 0;
  std::string role;       // in that organization
  bool is_server_admin = false;
};

struct Call {
  std::string method;
  std::vector<std::string> path;  // decoded, without "api"
  std::map<std::string, std::string> query;
  std::string body;
  Caller caller;
};

struct World {
  FakeGrafanaOptions options;
  std::map<std::int64_t, Org> orgs;
  std::map<std::int64_t, User> users;
  std::map<std::string, Token> tokens;
  std::map<std::int64_t, Team> teams;
  std::map<Key, Folder> folders;
  std::map<Key, Datasource> datasources;
  std::map<Key, Dashboard> dashboards;
  std::int64_t last_id = 1;
  std::size_t dashboard_versions = 0;
  std::map<std::int64_t, std::vector<std::string>> playlists;  // of an organization
  std::function<std::string(const FakeGrafana::Forwarded&)> upstream;

  explicit World(FakeGrafanaOptions given);
  [[nodiscard]] std::int64_t next() { return ++last_id; }
  [[nodiscard]] std::int64_t user_called(const std::string& login_or_email) const;
  [[nodiscard]] bool may(const Caller& caller, const std::vector<Item>& items, int permission) const;
  [[nodiscard]] bool may_see(const Caller& caller, const Dashboard& dashboard, int permission) const;
  [[nodiscard]] std::string state() const;
};

[[nodiscard]] Reply refusal(int status, const std::string& message, const std::string& kind = {});
/// As Go's strings.ToLower, for Latin letters.
[[nodiscard]] std::string lower(const std::string& text);
inline constexpr const char* kUnknownRoute = "not in this fake";
[[nodiscard]] bool is_uid(const std::string& text);

/// Nothing: not one of its routes.
std::optional<Reply> people(World& world, const Call& call);   // organizations, accounts, service accounts, teams
std::optional<Reply> content(World& world, const Call& call);  // folders, dashboards, search, playlists, snapshots
std::optional<Reply> sources(World& world, const Call& call);  // datasources, what queries them, plugins

}  // namespace pv::testing::grafana
