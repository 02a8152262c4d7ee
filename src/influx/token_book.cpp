#include "influx/token_book.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/fault.h"
#include "base/file.h"
#include "base/private_file.h"
#include "influx/bucket.h"
#include "influx/json_text.h"

namespace pv::influx {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostFileBytes = 1U << 20;

std::set<std::string> ids_at(const json& object, const char* key) {
  std::set<std::string> ids;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return ids;
  for (const json& one : *found) {
    if (one.is_string()) ids.insert(one.get<std::string>());
  }
  return ids;
}

Permissions permissions_for(const std::vector<std::string>& bucket_ids, TokenRights rights) {
  Permissions permissions;
  for (const std::string& id : bucket_ids) {
    permissions.insert({Action::read, id});
    if (rights == TokenRights::read_write) permissions.insert({Action::write, id});
  }
  return permissions;
}

/// One program at a time: what another has just made would pass for an attempt of ours that got lost.
Result<FileDescriptor> take_turn(const std::filesystem::path& folder) {
  PV_TRY_VOID(make_private_folder(folder, GroupMay::nothing));
  const std::filesystem::path path = folder / "lock";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return fail(system_error("cannot open the lock", path, errno));
  // A turn takes as long as some requests do, each of which has its time limit.
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return fail(system_error("cannot take the lock", path, errno));
  }
  return file;
}

}  // namespace

struct TokenBook::Record {
  std::string id;
  Secret token;
  std::set<std::string> superseded;              // made by us, to be deleted
  std::optional<std::set<std::string>> attempt;  // tokens of this description that were there before one is made whose answer is awaited
};

std::filesystem::path TokenBook::file_of(std::string_view bucket, TokenRights rights) const {
  return folder_ / fmt::format("{}.{}.json", percent_encoded(bucket), rights == TokenRights::read ? "read" : "read-write");
}

Result<TokenBook::Record> TokenBook::load(const std::filesystem::path& file) const {
  Record record;
  auto text = read_text_file(file, kMostFileBytes);
  if (!text && text.error().kind() == Errc::not_found) return record;
  if (!text) return fail(std::move(text).error());
  const json body = json::parse(*text, nullptr, false);
  if (!body.is_object()) return fail(Errc::corrupt, fmt::format("{}: it does not read; remove it and a new token is made", file.string()));
  record.id = text_at(body, "id");
  record.token = Secret(text_at(body, "token"));
  record.superseded = ids_at(body, "superseded");
  if (body.contains("attempt")) record.attempt = ids_at(body, "attempt");
  return record;
}

Result<void> TokenBook::save(const std::filesystem::path& file, const Record& record) const {
  json body = {{"id", record.id}, {"token", record.token.reveal()}, {"superseded", record.superseded}};
  if (record.attempt) body["attempt"] = *record.attempt;
  // The folder lets nobody in, so that the file is private from its first byte on.
  PV_TRY_VOID(make_private_folder(folder_, GroupMay::nothing));
  PV_TRY_VOID(replace_file(file, body.dump() + "\n"));
  return keep_private(file);
}

Result<Permissions> TokenBook::wanted(std::string_view bucket, TokenRights rights) {
  PV_TRY(const Bucket raw, ensure_bucket(connection_, bucket));
  std::vector<std::string> ids = {raw.id};
  for (const std::string_view ending : kDownsampled) {
    const std::string name = std::string(bucket) + std::string(ending);
    if (cover_ == Cover::all) {
      PV_TRY(const Bucket made, ensure_bucket(connection_, name));
      ids.push_back(made.id);
      continue;
    }
    PV_TRY(const auto found, find_bucket(connection_, name));
    if (found) ids.push_back(found->id);
  }
  return permissions_for(ids, rights);
}

Result<std::optional<Secret>> TokenBook::look(std::string_view bucket, TokenRights rights) {
  PV_TRY(const Record record, load(file_of(bucket, rights)));
  std::vector<std::string> ids;
  for (const std::string_view ending : {std::string_view(), kDownsampled[0], kDownsampled[1], kDownsampled[2]}) {
    PV_TRY(const auto found, find_bucket(connection_, std::string(bucket) + std::string(ending)));
    if (found) ids.push_back(found->id);
    if (!found && (ending.empty() || cover_ == Cover::all)) return std::optional<Secret>();
  }
  PV_TRY(const bool good, holds(record, permissions_for(ids, rights), bucket));
  return good && !record.attempt ? std::optional(record.token) : std::optional<Secret>();
}

Result<bool> TokenBook::holds(const Record& record, const Permissions& permissions, std::string_view bucket) {
  if (record.id.empty() || record.token.empty()) return false;
  PV_TRY(const auto known, find_authorization(connection_, record.id));
  if (!known || !known->active || known->has_others || known->permissions != permissions) return false;
  // That the token exists does not say that it is the one in the file.
  Access access = connection_.access();
  access.token = record.token;
  PV_TRY(const auto own, Connection::open(std::move(access)));
  PV_TRY(const std::string organization, connection_.organization_id());
  const std::string what = fmt::format("trying the token for bucket {}", bucket);
  PV_TRY(const HttpResponse answer,
         own->send({.target = fmt::format("/api/v2/buckets?orgID={}&name={}", organization, percent_encoded(bucket))}, what));
  if (answer.status == 401 || answer.status == 403 || answer.status == 404) return false;
  PV_TRY_VOID(own->expect_json(answer, 200, what));
  return true;
}

Result<Secret> TokenBook::renew(const std::filesystem::path& file, Record record, const Permissions& permissions, std::string_view bucket) {
  const std::string description = fmt::format("powerview_token_for_bucket_{}", bucket);
  PV_TRY(const std::vector<Authorization> all, list_authorizations(connection_));
  std::set<std::string> there;
  for (const Authorization& one : all) {
    if (one.description != description) continue;
    if (record.attempt && !record.attempt->contains(one.id) && one.id != record.id && !one.has_others && one.permissions == permissions) record.superseded.insert(one.id);
    there.insert(one.id);
  }
  record.attempt = std::move(there);
  PV_TRY_VOID(save(file, record));
  fault_point("influx.token_attempt_noted");
  PV_TRY(Authorization made, create_authorization(connection_, description, permissions));
  fault_point("influx.token_made");
  if (!record.id.empty()) record.superseded.insert(record.id);
  record.id = made.id;
  record.token = made.token;
  record.attempt.reset();
  PV_TRY_VOID(save(file, record));
  return record.token;
}

Result<Secret> TokenBook::token_for(std::string_view bucket, TokenRights rights, Superseded superseded) {
  PV_TRY(const FileDescriptor turn, take_turn(folder_));
  PV_TRY(const Permissions permissions, wanted(bucket, rights));
  const std::filesystem::path file = file_of(bucket, rights);
  PV_TRY(Record record, load(file));
  PV_TRY(const bool good, holds(record, permissions, bucket));
  if (!good || record.attempt) {
    PV_TRY([[maybe_unused]] const Secret token, renew(file, std::move(record), permissions, bucket));
    PV_TRY(record, load(file));
  }
  const Secret token = record.token;
  if (superseded == Superseded::drop) PV_TRY_VOID(drop(file, std::move(record)));
  return token;
}

Result<void> TokenBook::drop_superseded(std::string_view bucket, TokenRights rights) {
  PV_TRY(const FileDescriptor turn, take_turn(folder_));
  const std::filesystem::path file = file_of(bucket, rights);
  PV_TRY(Record record, load(file));
  return drop(file, std::move(record));
}

Result<void> TokenBook::drop(const std::filesystem::path& file, Record record) {
  if (record.superseded.empty()) return {};
  const std::set<std::string> superseded = record.superseded;
  for (const std::string& id : superseded) {
    if (delete_authorization(connection_, id)) record.superseded.erase(id);
  }
  return save(file, record);
}

}  // namespace pv::influx
