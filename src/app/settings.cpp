#include "app/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "app/setting_keys.h"
#include "base/clock.h"
#include "base/file.h"

namespace pv::app {
namespace {

using Key = SettingKey;
using Kind = SettingKind;

constexpr const char* kDefaultFile = "/etc/powerview/powerview.toml";
constexpr std::uint64_t kMaxSettingsBytes = 1U << 20;

/// A value and where it came from.
struct ChosenValue {
  std::string value;
  std::string origin = "default";
};

struct Loaded {
  Settings settings;
  std::map<const Key*, ChosenValue> chosen;
  std::string tenants_toml;  // the [tenants] part, as it would be written
};

std::string key_path(const Key& key) { return *key.section == '\0' ? key.name : fmt::format("{}.{}", key.section, key.name); }

Result<std::string> text_of(const Key& key, const toml::node& node) {
  if (key.kind == Kind::integer) {
    if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
    return fail(Errc::invalid_input, "a whole number without quotes is expected");
  }
  if (key.kind == Kind::list) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return fail(Errc::invalid_input, "a list of texts is expected, like [\"A\", \"B\"]");
    std::string joined;
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text || text->empty() || text->find(',') != std::string::npos) {
        return fail(Errc::invalid_input, "each entry of the list must be a text, not empty and without a comma");
      }
      joined += (joined.empty() ? "" : ",") + *text;
    }
    return joined;
  }
  if (const auto text = node.value_exact<std::string>()) return *text;
  return fail(Errc::invalid_input, "a text in quotes is expected");
}

Error in_file(const std::filesystem::path& file, const toml::node& node, std::string_view path, const Error& error) {
  return {Errc::invalid_input, fmt::format("{}:{}: {}: {}", file.string(), node.source().begin.line, path, error.message())};
}

/// Reads `zone` out of a table that may hold it and one named sub-table; anything else is a spelling mistake worth telling.
Result<std::optional<model::Zone>> zone_in(const std::filesystem::path& file, const toml::table& table, std::string_view path,
                                           std::string_view sub_table) {
  std::optional<model::Zone> found;
  for (const auto& [name, node] : table) {
    if (name.str() == sub_table && node.is_table()) continue;
    const std::string full = fmt::format("{}.{}", path, name.str());
    if (name.str() != "zone") {
      return fail(in_file(file, node, full, {Errc::invalid_input, "this key is not known; see docs/settings.md"}));
    }
    const auto text = node.value_exact<std::string>();
    if (!text) return fail(in_file(file, node, full, {Errc::invalid_input, "a text in quotes is expected"}));
    auto parsed = zone_named(*text);
    if (!parsed) return fail(in_file(file, node, full, parsed.error()));
    found = *parsed;
  }
  return found;
}

const toml::table* sub_table(const toml::table& table, std::string_view name) {
  const toml::node* node = table.get(name);
  return node == nullptr ? nullptr : node->as_table();
}

Result<void> read_tenants(const std::filesystem::path& file, const toml::table& tenants, Settings& settings) {
  for (const auto& [tenant_name, tenant_node] : tenants) {
    const std::string tenant_path = fmt::format("tenants.{}", tenant_name.str());
    const toml::table* tenant_table = tenant_node.as_table();
    if (tenant_table == nullptr) return fail(in_file(file, tenant_node, tenant_path, {Errc::invalid_input, "a table is expected"}));
    TenantSettings& tenant = settings.tenants[std::string(tenant_name.str())];
    PV_TRY(tenant.zone, zone_in(file, *tenant_table, tenant_path, "campaigns"));
    const toml::table* campaigns = sub_table(*tenant_table, "campaigns");
    if (campaigns == nullptr) continue;
    for (const auto& [campaign_name, campaign_node] : *campaigns) {
      const std::string campaign_path = fmt::format("{}.campaigns.{}", tenant_path, campaign_name.str());
      const toml::table* campaign_table = campaign_node.as_table();
      if (campaign_table == nullptr) return fail(in_file(file, campaign_node, campaign_path, {Errc::invalid_input, "a table is expected"}));
      CampaignSettings& campaign = tenant.campaigns[std::string(campaign_name.str())];
      PV_TRY(campaign.zone, zone_in(file, *campaign_table, campaign_path, "devices"));
      const toml::table* devices = sub_table(*campaign_table, "devices");
      if (devices == nullptr) continue;
      for (const auto& [device_name, device_node] : *devices) {
        const std::string device_path = fmt::format("{}.devices.{}", campaign_path, device_name.str());
        const toml::table* device_table = device_node.as_table();
        if (device_table == nullptr) return fail(in_file(file, device_node, device_path, {Errc::invalid_input, "a table is expected"}));
        PV_TRY(campaign.devices[std::string(device_name.str())].zone, zone_in(file, *device_table, device_path, ""));
      }
    }
  }
  return {};
}

Result<void> read_file(const std::filesystem::path& file, Loaded& loaded) {
  PV_TRY(const std::string text, read_text_file(file, kMaxSettingsBytes));
  toml::table table;
  try {
    table = toml::parse(text, file.string());
  } catch (const toml::parse_error& error) {
    return fail(Errc::invalid_input, fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
  std::set<std::string> sections;
  for (const Key& key : setting_keys()) sections.insert(key.section);
  for (const auto& [name, node] : table) {
    const std::string section(name.str());
    if (section == "tenants" && node.is_table()) {
      PV_TRY_VOID(read_tenants(file, *node.as_table(), loaded.settings));
      std::ostringstream out;
      out << toml::table{{"tenants", *node.as_table()}};
      loaded.tenants_toml = out.str();
      continue;
    }
    const auto take = [&](std::string_view in_section, std::string_view key_name, const toml::node& value) -> Result<void> {
      for (const Key& key : setting_keys()) {
        if (key.section != in_section || key.name != key_name) continue;
        auto found = text_of(key, value);
        if (!found) return fail(in_file(file, value, key_path(key), found.error()));
        if (auto applied = key.apply(loaded.settings, *found); !applied) return fail(in_file(file, value, key_path(key), applied.error()));
        loaded.chosen[&key] = {std::move(*found), fmt::format("{}:{}", file.string(), value.source().begin.line)};
        return {};
      }
      const std::string path = in_section.empty() ? std::string(key_name) : fmt::format("{}.{}", in_section, key_name);
      return fail(in_file(file, value, path, {Errc::invalid_input, "this key is not known; 'powerview config show' lists the keys"}));
    };
    if (const toml::table* inner = node.as_table(); inner != nullptr && sections.contains(section)) {
      for (const auto& [inner_name, value] : *inner) PV_TRY_VOID(take(section, inner_name.str(), value));
    } else {
      PV_TRY_VOID(take("", section, node));
    }
  }
  loaded.settings.file = file;
  return {};
}

/// KEY=VALUE lines, '#' comments, optional quotes and a leading "export".
Result<std::map<std::string, std::string>> read_dotenv(const std::filesystem::path& file) {
  std::map<std::string, std::string> variables;
  auto text = read_text_file(file, kMaxSettingsBytes);
  if (!text) {
    if (text.error().kind() == Errc::not_found) return variables;
    return fail(std::move(text).error());
  }
  std::size_t line_number = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    std::string line = text->substr(at, end - at);
    at = end + 1;
    ++line_number;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with("export ")) line.erase(0, 7);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::invalid_input, fmt::format("{}:{}: NAME=value is expected", file.string(), line_number));
    }
    std::string value = line.substr(equals + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    variables[line.substr(0, equals)] = std::move(value);
  }
  return variables;
}

Result<Loaded> load(const std::optional<std::filesystem::path>& named, const Environment& environment) {
  Loaded loaded;
  for (const Key& key : setting_keys()) {
    PV_TRY_VOID(key.apply(loaded.settings, key.fallback));
    loaded.chosen[&key].value = key.fallback;
  }
  std::filesystem::path file = kDefaultFile;
  bool must_exist = false;
  if (named) {
    file = *named;
    must_exist = true;
  } else if (const auto variable = environment("POWERVIEW_CONFIG"); variable && !variable->empty()) {
    file = *variable;
    must_exist = true;
  }
  std::error_code code;
  if (must_exist || std::filesystem::exists(file, code)) PV_TRY_VOID(read_file(file, loaded));

  PV_TRY(const auto dotenv, read_dotenv(file.parent_path() / ".env"));
  for (const Key& key : setting_keys()) {
    for (const char* variable : key.variables) {
      if (variable == nullptr) continue;
      std::string origin = fmt::format("environment {}", variable);
      std::optional<std::string> value = environment(variable);
      if (const auto beside = dotenv.find(variable); !value && beside != dotenv.end()) {
        value = beside->second;
        origin = fmt::format("{}: {}", (file.parent_path() / ".env").string(), variable);
      }
      if (!value) continue;
      if (auto applied = key.apply(loaded.settings, *value); !applied) {
        // The text of a secret stays out of the message; no check of a secret quotes it.
        return fail(Errc::invalid_input, fmt::format("{}: {}", origin, applied.error().message()));
      }
      loaded.chosen[&key] = {std::move(*value), std::move(origin)};
      break;
    }
  }
  return loaded;
}

std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

std::string shown(const Key& key, const std::string& value) {
  switch (key.kind) {
    case Kind::secret: return value.empty() ? "\"\"" : "\"(set, not shown)\"";
    case Kind::integer: return value;
    case Kind::list: {
      std::string list;
      for (const std::string& word : words_of(value)) list += (list.empty() ? "" : ", ") + quoted(word);
      return "[" + list + "]";
    }
    case Kind::text: return quoted(value);
  }
  return value;
}

}  // namespace

std::int64_t latest_believable_s() {
  constexpr std::int64_t kDay = 86'400;
  return unix_now_s() + kDay;
}

std::filesystem::path Settings::reports() const {
  if (!report_dir.empty()) return report_dir;
  // "data/" and "data" name the same folder.
  std::filesystem::path folder = std::filesystem::absolute(data_folder).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  return folder.parent_path() / "logs" / "reports";
}

Result<Settings> load_settings(const std::optional<std::filesystem::path>& named, const Environment& environment) {
  PV_TRY(Loaded loaded, load(named, environment));
  return std::move(loaded.settings);
}

Result<std::string> describe_settings(const std::optional<std::filesystem::path>& named, const Environment& environment,
                                      const std::optional<std::filesystem::path>& state_dir_option) {
  PV_TRY(Loaded loaded, load(named, environment));
  if (state_dir_option) {
    for (auto& [key, chosen] : loaded.chosen) {
      if (std::string_view(key->name) == "state_dir") chosen = {state_dir_option->string(), "--state-dir"};
    }
  }
  std::string text = fmt::format("# The settings in force. File: {}\n",
                                 loaded.settings.file.empty() ? "none" : loaded.settings.file.string());
  std::string_view section;
  for (const Key& key : setting_keys()) {
    if (section != key.section) {
      section = key.section;
      text += fmt::format("\n[{}]\n", section);
    }
    const ChosenValue& chosen = loaded.chosen.at(&key);
    std::string variables;
    for (const char* variable : key.variables) {
      if (variable != nullptr) variables += (variables.empty() ? "; also $" : ", $") + std::string(variable);
    }
    std::string_view comment = key.comment;
    if (!variables.empty() && comment.ends_with('.')) comment.remove_suffix(1);
    // A secret is only named: what is printed here must not become a token when it is read back.
    const char* hidden = key.kind == Kind::secret ? "# " : "";
    text += fmt::format("\n# {}{}\n{}{} = {}  # {}\n", comment, variables, hidden, key.name, shown(key, chosen.value), chosen.origin);
  }
  if (!loaded.tenants_toml.empty()) text += "\n" + loaded.tenants_toml + "\n";
  return text;
}

}  // namespace pv::app
