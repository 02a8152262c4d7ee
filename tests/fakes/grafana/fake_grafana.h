#pragma once
/// A Grafana on 127.0.0.1 that keeps everything in memory and is as strict as the real ones: 10, 11 or 12.
///
/// It knows organizations, accounts, service account tokens, teams, folders, datasources, dashboards and their rights, with the real ones' odd
/// refusals: 412 for a folder uid that is there, 400 for a team member that is one, titles that clash, permission lists that replace, default rights
/// for everybody, whoever makes a team being its member, members only behind X-Grafana-Org-Id, secrets that never come back, five wrong
/// passwords that lock an account, and every viewer's right to query every datasource of the organization.
/// Account "admin" with password "admin-secret" is server administrator and Admin of organization 1, "Main Org.".
///   Threads: safe.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pv::testing {

enum class Fault : std::uint8_t {
  refuse,       // 500, and nothing is done
  cut_after,    // done, and the connection is cut in the middle of the answer
  silent_after,  // done, and the answer comes after `silence_ms`
  broken_after,  // done, and half of the answer comes as if it were whole
  page,         // 200 with a page of HTML; nothing is done
  slow,         // done, and answered late, but not too late
};

struct FakeGrafanaOptions {
  int version = 12;
  bool assigns_organization = true;  // [users] auto_assign_org
  int silence_ms = 400;
};

class FakeGrafana {
 public:
  explicit FakeGrafana(FakeGrafanaOptions options = {});
  ~FakeGrafana();
  FakeGrafana(const FakeGrafana&) = delete;
  FakeGrafana& operator=(const FakeGrafana&) = delete;

  [[nodiscard]] std::string url() const;
  /// As newly installed, with these options.
  void reset(FakeGrafanaOptions options);

  struct Request {
    std::string method, target;
    int status = 0;
    bool is_change = false;  // anything but GET that was done
    bool is_known = true;    // a route of this fake
  };
  [[nodiscard]] std::vector<Request> requests() const;
  [[nodiscard]] std::size_t changes() const;
  void forget_requests();

  /// The nth request from now (from 1) goes wrong, once.
  void go_wrong(std::size_t nth, Fault fault);
  /// Runs before the nth request from now is answered, once: what another program or a person does at that moment.
  void meanwhile(std::size_t nth, std::function<void()> what);

  /// Answers nothing until it is let go: requests are taken and wait.
  void hold();
  void let_go();

  /// Everything but numbers, versions and passwords, as JSON that can be compared.
  [[nodiscard]] std::string state() const;
  [[nodiscard]] std::size_t dashboard_versions() const;

  /// A token of a new service account: "glsa_…".
  std::string service_account(std::int64_t organization, const std::string& role);
  /// As with a provisioning file of the server: readOnly.
  void make_read_only(std::int64_t organization, const std::string& datasource_uid);
  /// As saved in Grafana 12's new format: the classic interface answers 406.
  void store_in_new_format(std::int64_t organization, const std::string& dashboard_uid);
  [[nodiscard]] std::string secret_of(std::int64_t organization, const std::string& datasource_uid, const std::string& name) const;
  [[nodiscard]] std::int64_t organization(const std::string& name) const;  // 0: none
  [[nodiscard]] bool accepts(const std::string& login, const std::string& password) const;

  /// What a datasource sends to its InfluxDB: with which Authorization, to which path.
  struct Forwarded {
    std::string method, path, authorization, body;
  };
  void forward_to(std::function<std::string(const Forwarded&)> upstream);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pv::testing
