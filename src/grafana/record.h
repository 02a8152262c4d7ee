#pragma once
/// What PowerView knows of what it has put into Grafana: <state>/grafana.sqlite, its owner's only. It holds no secret, only keyed hashes; losing
/// it loses nothing but the knowledge which edits of dashboards are people's: what is there is adopted again.
///   Errors: those of base/database.h. Threads: one at a time; several processes may have it open.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "base/secret.h"
#include "grafana/desired.h"

namespace pv::grafana {

/// Kept as a number in the file: these do not change.
enum class UserState : std::uint8_t {
  unknown = 0,
  making = 1,   // asked for; its password has reached nobody
  made = 2,
  adopted = 3,  // was there before
};

struct CompanyRecord {
  std::int64_t organization = 0, team = 0;
  std::string folder_uid, datasource_uid;
  std::string pushed_secret;  // keyed hash of the token that the datasource has
  bool operator==(const CompanyRecord&) const = default;
};

struct UserRecord {
  std::string login;  // lower case
  std::int64_t id = 0;
  UserState state = UserState::unknown;
  bool operator==(const UserRecord&) const = default;
};

/// One company in one kind of isolation: both may exist while an installation moves from one to the other.
struct RecordKey {
  std::string company;
  Isolation isolation = Isolation::organization;
};

class Record {
 public:
  /// Makes the folder and the file when there is none.
  static Result<std::unique_ptr<Record>> open(const std::filesystem::path& state_dir);

  Result<std::optional<CompanyRecord>> company(const RecordKey& key);
  Result<void> save(const RecordKey& key, const CompanyRecord& company);
  /// With its dashboards. Its users are known on: who made an account is asked when it is to be removed.
  Result<void> forget(const RecordKey& key);

  /// The dashboard as it was last generated and given to Grafana.
  Result<std::optional<std::string>> base(const RecordKey& key, const std::string& uid);
  Result<void> save_base(const RecordKey& key, const std::string& uid, const std::string& json);
  Result<void> forget_base(const RecordKey& key, const std::string& uid);
  Result<std::vector<std::string>> dashboards(const RecordKey& key);

  Result<std::vector<UserRecord>> users(const RecordKey& key);
  Result<void> save_user(const RecordKey& key, const UserRecord& user);
  Result<void> forget_user(const RecordKey& key, const std::string& login);
  /// Which of them is the company's own, "" when none was applied; the others were added.
  Result<std::string> own_login(const RecordKey& key);
  Result<void> save_own_login(const RecordKey& key, const std::string& login);

  /// Another company that a dashboard in the one organization belongs to; that has this login, this account, this organization.
  Result<std::optional<std::string>> other_with_dashboard(const RecordKey& key, const std::string& uid);
  Result<std::optional<std::string>> other_with_login(const RecordKey& key, const std::string& login);
  Result<std::optional<std::string>> other_with_account(const RecordKey& key, std::int64_t id);
  Result<std::optional<std::string>> other_with_organization(const RecordKey& key, std::int64_t id);
  /// A number that Grafana has just given out: where another company has it, that is from a Grafana that is no more.
  Result<void> take_organization(const RecordKey& key, std::int64_t id);
  Result<void> take_account(const RecordKey& key, std::int64_t id);

  /// Tells two secrets apart without keeping either; the key is drawn once and stays in the file.
  [[nodiscard]] std::string hash_of(const Secret& secret) const;

 private:
  Record(std::unique_ptr<Database> database, std::string key) : database_(std::move(database)), key_(std::move(key)) {}
  Result<std::optional<std::string>> one_text(const char* sql, const std::vector<std::string>& values);
  Result<void> run(const char* sql, const std::vector<std::string>& values);
  std::unique_ptr<Database> database_;
  std::string key_;
};

}  // namespace pv::grafana
