#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "grafana/names.h"
#include "grafana/json_text.h"
#include "grafana/walk.h"

namespace pv::grafana {
namespace {

using nlohmann::json;

constexpr const char* kCoreType = "influxdb";

Secret secret_text_of(const json& body) { return Secret(text_of(body)); }

/// The number of the custom header that carries the token: the one that is called so, else the first that is free.
int header_number(const json& options) {
  int free = 0;
  for (int number = 1; number <= 50; ++number) {
    const auto name = options.find(fmt::format("httpHeaderName{}", number));
    if (name == options.end() || !name->is_string() || name->get<std::string>().empty()) {
      if (free == 0) free = number;
    } else if (lower_case(name->get<std::string>()) == "authorization") {
      return number;
    }
  }
  return free == 0 ? 1 : free;
}

json members_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : json::object();
}

/// What is to be in it; everything else stays as people have set it.
struct Content {
  json plain, options, secrets;
};

Content wanted_content(const Walk& walk, const WantedDatasource& wanted, const json& options_now) {
  const std::string number = std::to_string(header_number(options_now));
  Content content;
  content.plain = {{"name", datasource_name(walk.company)}, {"type", wanted.type}, {"access", "proxy"}, {"url", wanted.url}};
  content.options = {{"version", "Flux"}, {"organization", wanted.organization}, {"defaultBucket", wanted.bucket}, {"httpHeaderName" + number, "Authorization"}};
  content.secrets = {{"token", wanted.token.reveal()}, {"httpHeaderValue" + number, "Token " + wanted.token.reveal()}};
  return content;
}

/// What differs, in words; "" when nothing does.
std::string difference(const json& now, const Content& wanted) {
  std::string words;
  const auto add = [&words](const std::string& word) { words += (words.empty() ? "" : ", ") + word; };
  for (const auto& [name, value] : wanted.plain.items()) {
    if (now.value(name, json()) != value) add(name);
  }
  const json options = members_of(now, "jsonData");
  for (const auto& [name, value] : wanted.options.items()) {
    if (options.value(name, json()) != value) add(name);
  }
  return words;
}

bool has_secrets(const json& now, const Content& wanted) {
  const json set = members_of(now, "secureJsonFields");
  for (const auto& [name, value] : wanted.secrets.items()) {
    if (set.value(name, json()) != true) return false;
  }
  return true;
}

json new_body(const Walk& walk, const Content& content, const std::string& uid) {
  json body = content.plain;
  body["uid"] = uid;
  body["isDefault"] = walk.key.isolation == Isolation::organization;
  body["jsonData"] = content.options;
  body["secureJsonData"] = content.secrets;
  return body;
}

json changed_body(json now, const Content& content) {
  for (const char* told_only : {"id", "orgId", "readOnly", "typeLogoUrl", "typeName", "secureJsonFields", "accessControl", "apiVersion"}) now.erase(told_only);
  json options = members_of(now, "jsonData");
  options.update(content.options);
  now.update(content.plain);
  now["jsonData"] = std::move(options);
  now["secureJsonData"] = content.secrets;
  return now;
}

Result<void> check_wanted(const WantedDatasource& wanted) {
  if (wanted.type.empty() || wanted.url.empty() || wanted.organization.empty() || wanted.bucket.empty()) {
    return fail(Errc::invalid_input, "Grafana's datasource needs a type, the address of InfluxDB, an organization and a bucket: check grafana.datasource_type, "
                                     "grafana.influxdb_url and influxdb.org");
  }
  return {};
}

}  // namespace

Result<std::optional<Datasource>> find_datasource(Walk& walk) {
  PV_TRY(const auto named, walk.client->datasource_by_name(*walk.organization, datasource_name(walk.company)));
  std::optional<Datasource> identified;
  for (const std::string& uid : {walk.known.datasource_uid, datasource_uid(walk.company)}) {
    if (uid.empty() || identified || (named && named->uid == uid)) continue;
    PV_TRY(identified, walk.client->datasource_by_uid(*walk.organization, uid));
  }
  const bool is_known = named && named->uid == walk.known.datasource_uid;
  if (named && identified && !is_known) {
    return fail(Errc::conflict, fmt::format("Grafana has a datasource '{}' (uid {}) and one that was called so before (uid {}, now '{}'): rename or delete one of them",
                                            named->name, named->uid, identified->uid, identified->name));
  }
  return named ? named : identified;
}

Result<std::string> ensure_datasource(Walk& walk, const WantedDatasource& wanted) {
  PV_TRY_VOID(check_wanted(wanted));
  const std::string name = datasource_name(walk.company);
  const std::string hash = walk.record->hash_of(wanted.token);
  std::optional<Datasource> found;
  if (walk.organization) {
    PV_TRY(found, find_datasource(walk));
    if (wanted.type != kCoreType) {
      PV_TRY(const bool has_plugin, walk.client->has_plugin(*walk.organization, wanted.type));
      if (!has_plugin) {
        return fail(Errc::not_found, fmt::format("Grafana has no plugin '{}' (grafana.datasource_type): install it there, or set \"influxdb\"", wanted.type));
      }
    }
  }
  const auto push = [&](ActionKind kind, std::string words, const auto& send) -> Result<void> {
    walk.act(kind, fmt::format("datasource '{}'{}", name, words.empty() ? "" : ": " + words));
    if (!walk.changes()) return {};
    PV_TRY_VOID(send());
    walk.known.pushed_secret = hash;
    return {};
  };

  std::string uid = datasource_uid(walk.company);
  if (!found) {
    const json body = new_body(walk, wanted_content(walk, wanted, json::object()), uid);
    PV_TRY_VOID(push(ActionKind::make, "", [&] { return walk.client->make_datasource(*walk.organization, secret_text_of(body)); }));
  } else {
    uid = found->uid;
    const bool is_known = walk.known.datasource_uid == uid;
    const json now = json::parse(found->all.dump());
    const Content content = wanted_content(walk, wanted, members_of(now, "jsonData"));
    std::string words = difference(now, content);
    if (found->is_read_only) {
      if (!words.empty()) {
        return fail(Errc::conflict, fmt::format("Grafana's datasource '{}' comes from a provisioning file of its server and cannot be changed ({}): change or remove that file", name, words));
      }
      walk.note(fmt::format("datasource '{}' comes from a provisioning file of Grafana's server: PowerView cannot see or change its token", name));
    } else if (found->type != wanted.type) {
      if (!is_known) {
        return fail(Errc::conflict, fmt::format("Grafana has a datasource '{}' of type '{}' that PowerView has not made: set grafana.datasource_type = \"{}\", or rename it in Grafana",
                                                name, found->type, found->type));
      }
      // A type cannot be changed; the panels find the new one by the same uid.
      const json body = new_body(walk, wanted_content(walk, wanted, json::object()), uid);
      const auto make_anew = [&]() -> Result<void> {
        PV_TRY_VOID(walk.client->delete_datasource(*walk.organization, uid));
        return walk.client->make_datasource(*walk.organization, secret_text_of(body));
      };
      PV_TRY_VOID(push(ActionKind::change, fmt::format("made anew as '{}', from '{}'", wanted.type, found->type), make_anew));
    } else {
      const bool is_pushed = wanted.token.empty() ? !walk.known.pushed_secret.empty() : walk.known.pushed_secret == hash;
      if (!is_pushed || !is_known || !has_secrets(now, content)) words += words.empty() ? "its token" : ", its token";
      if (!words.empty()) {
        const json body = changed_body(now, content);
        PV_TRY_VOID(push(is_known ? ActionKind::change : ActionKind::adopt, words, [&] { return walk.client->change_datasource(*walk.organization, uid, secret_text_of(body)); }));
      }
    }
  }
  walk.known.datasource_uid = uid;
  PV_TRY_VOID(walk.remember());
  return uid;
}

}  // namespace pv::grafana
