#pragma once
/// Grafana's HTTP API, as far as provisioning needs it (10, 11, 12), with typed calls.
///
/// Basic credentials when a password is set (the only ones that reach organizations and accounts), else a service account token, which is bound
/// to one organization. Basic calls inside an organization name it in every request: without it a person's last click in Grafana would decide.
/// "None there" is a value; "already there" is conflict, after which the caller looks again.
///   Errors: invalid_input: the address is none of Grafana's (redirect, a page instead of JSON), an id or uid that is none, or Grafana refused
///   the values; denied: credentials (401) or rights (403), naming the call and the settings - after a 401 nothing more is sent, because five
///   wrong passwords lock the account; not_found; conflict; unavailable: away, too slow, 429, 5xx, a broken answer.
///   Threads: one at a time.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "base/result.h"
#include "base/secret.h"
#include "grafana/json_value.h"

namespace pv::grafana {

struct Access {
  std::string url;       // grafana.url, with the sub-path it is served below
  std::string username;  // grafana.username
  Secret password;       // grafana.password
  Secret api_token;      // grafana.api_token: used when there is no password
  std::chrono::milliseconds answer_time{30'000};
  std::stop_token stop = {};  // once it is asked for, nothing more is sent, and an answer is not waited for much longer: unavailable
};

struct Organization {
  std::int64_t id = 0;
  std::string name;
};
struct Member {  // of an organization
  std::int64_t user_id = 0;
  std::string login, role;
};
struct Account {
  std::int64_t id = 0;
  std::string login, email, name;
  std::int64_t active_organization = 0;
  bool is_server_admin = false;
};
struct Team {
  std::int64_t id = 0;
  std::string name;
};
struct TeamMember {
  std::int64_t user_id = 0;
  std::string login;
  bool is_team_admin = false;
};
struct Folder {
  std::string uid, title;
  std::int64_t version = 0;
};
/// One entry of a permission list: of a team, a user or a role.
struct Grant {
  std::int64_t team_id = 0, user_id = 0;
  std::string role;
  std::int64_t permission = 0;  // 1 view, 2 edit, 4 admin
  bool operator==(const Grant&) const = default;
};
struct Datasource {
  std::string uid, name, type;
  bool is_read_only = false;  // made by a provisioning file of the Grafana server
  JsonValue all;
};
struct StoredDashboard {
  std::string title, folder_uid;
  std::int64_t version = 0;
  bool is_from_file = false;  // made by a provisioning file of the Grafana server
  std::string json;           // "" when it is stored in Grafana 12's new format, which the classic interface cannot read
};
struct FoundDashboard {
  std::string uid, title;
};

class Client {
 public:
  static Result<std::unique_ptr<Client>> open(const Access& access);

  [[nodiscard]] bool has_password() const noexcept { return !access_.password.empty(); }
  [[nodiscard]] const std::string& username() const noexcept { return access_.username; }
  /// Whether Grafana is there and its database answers; its version, "" where it hides it.
  Result<std::string> version();
  /// Whether the credentials may manage an organization.
  Result<bool> may_manage(std::int64_t organization);

  // Organizations and accounts: for server administrators, with a password.
  Result<std::optional<Organization>> organization(std::int64_t id);
  Result<std::optional<Organization>> organization(std::string_view name);
  Result<std::int64_t> make_organization(std::string_view name);
  Result<void> rename_organization(std::int64_t id, std::string_view name);
  /// `from` is another organization that the caller is in: Grafana deletes none that is being used.
  Result<void> delete_organization(std::int64_t id, std::int64_t from);
  Result<std::vector<Member>> members(std::int64_t organization);
  Result<void> add_member(std::int64_t organization, std::string_view login, std::string_view role);
  Result<void> set_role(std::int64_t organization, std::int64_t user, std::string_view role);
  /// The account stays, even without any organization.
  Result<void> drop_member(std::int64_t organization, std::int64_t user);
  Result<std::optional<Account>> account(std::string_view login);
  /// Whether the credentials are a server administrator's; nothing of a token ever is.
  Result<std::optional<Account>> own_account();
  struct NewAccount {
    std::string login, email;
    Secret password;
    std::int64_t organization = 0;
  };
  Result<std::int64_t> make_account(const NewAccount& account);
  Result<void> set_password(std::int64_t user, const Secret& password);
  Result<void> set_email(const Account& account, std::string_view email);
  Result<void> delete_account(std::int64_t user);
  Result<std::vector<Organization>> organizations_of(std::int64_t user);
  Result<void> use_organization(std::int64_t user, std::int64_t organization);

  // Inside one organization (0: the token's own).
  /// By login, without regard to case; for those who cannot look accounts up.
  Result<std::optional<Member>> member(std::int64_t organization, std::string_view login);
  Result<void> add_own_member(std::int64_t organization, std::string_view login, std::string_view role);

  Result<std::vector<Team>> teams(std::int64_t organization);
  Result<std::optional<Team>> team(std::int64_t organization, std::string_view name);
  Result<std::optional<Team>> team(std::int64_t organization, std::int64_t id);
  Result<std::int64_t> make_team(std::int64_t organization, std::string_view name);
  Result<void> rename_team(std::int64_t organization, const Team& team, std::string_view name);
  Result<void> delete_team(std::int64_t organization, std::int64_t id);
  Result<std::vector<TeamMember>> team_members(std::int64_t organization, std::int64_t team);
  Result<void> add_team_member(std::int64_t organization, std::int64_t team, std::int64_t user);
  Result<void> drop_team_member(std::int64_t organization, std::int64_t team, std::int64_t user);

  /// Those at the root (on Grafana 10: all).
  Result<std::vector<Folder>> folders(std::int64_t organization);
  Result<std::optional<Folder>> folder(std::int64_t organization, std::string_view uid);
  Result<void> make_folder(std::int64_t organization, std::string_view uid, std::string_view title);
  Result<void> rename_folder(std::int64_t organization, const Folder& folder, std::string_view title);
  /// How many things are in it, of every kind.
  Result<std::int64_t> count_in_folder(std::int64_t organization, std::string_view uid);
  Result<void> delete_folder(std::int64_t organization, std::string_view uid);
  /// Its own entries, without those of administrators, who may do everything anyway.
  Result<std::vector<Grant>> folder_grants(std::int64_t organization, std::string_view uid);
  Result<void> set_folder_grants(std::int64_t organization, std::string_view uid, const std::vector<Grant>& grants);

  Result<std::vector<Datasource>> datasources(std::int64_t organization);
  Result<std::optional<Datasource>> datasource_by_uid(std::int64_t organization, std::string_view uid);
  Result<std::optional<Datasource>> datasource_by_name(std::int64_t organization, std::string_view name);
  /// `body` as contracts of Grafana have it, with its secrets.
  Result<void> make_datasource(std::int64_t organization, const Secret& body);
  Result<void> change_datasource(std::int64_t organization, std::string_view uid, const Secret& body);
  Result<void> delete_datasource(std::int64_t organization, std::string_view uid);
  Result<bool> has_plugin(std::int64_t organization, std::string_view type);

  Result<std::optional<StoredDashboard>> dashboard(std::int64_t organization, std::string_view uid);
  struct Save {
    std::string folder_uid, json, message;
    std::int64_t version = 0;  // that was read; 0: it is not there yet
  };
  /// Never overwrites: conflict when it has changed since, or its title is taken.
  Result<void> save_dashboard(std::int64_t organization, const Save& save);
  Result<void> delete_dashboard(std::int64_t organization, std::string_view uid);
  Result<std::vector<FoundDashboard>> dashboards_in(std::int64_t organization, std::string_view folder_uid);
  /// Folders and dashboards of a whole organization, up to a handful, with its service accounts, playlists and snapshots.
  Result<std::int64_t> count_in_organization(std::int64_t organization);
  Result<std::vector<Grant>> dashboard_grants(std::int64_t organization, std::string_view uid);
  Result<void> set_dashboard_grants(std::int64_t organization, std::string_view uid, const std::vector<Grant>& grants);

 private:
  struct Call {
    const char* method = "GET";
    std::string target;
    std::int64_t organization = 0;
    std::string body = {};
  };
  struct Answer {
    int status = 0;
    JsonValue json;
    [[nodiscard]] bool is_good() const noexcept { return status / 100 == 2; }
  };
  Client(Access access, std::unique_ptr<HttpClient> http) : access_(std::move(access)), http_(std::move(http)) {}
  /// Answers 2xx and 4xx but 401 and 429.
  Result<Answer> send(const Call& call);
  /// An answer other than 2xx as an error.
  [[nodiscard]] static Error refusal(const Call& call, const Answer& answer);
  Result<JsonValue> get(const Call& call);
  /// A list, which stands in this member of the answer ("": is the answer).
  Result<std::vector<JsonValue>> list(const Call& call, std::string_view member);
  /// Nothing for 404.
  Result<std::optional<JsonValue>> find(const Call& call);
  Result<JsonValue> change(const Call& call);
  /// 404 is done.
  Result<void> erase(std::int64_t organization, const std::string& target);
  Result<std::vector<Grant>> grants(const Call& call);
  Result<void> set_grants(const Call& call, const std::vector<Grant>& grants);

  Access access_;
  std::unique_ptr<HttpClient> http_;
  std::optional<Error> locked_out_;
};

}  // namespace pv::grafana
