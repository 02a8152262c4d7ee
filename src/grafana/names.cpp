#include "grafana/names.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"
#include "grafana/desired.h"

namespace pv::grafana {
namespace {

constexpr std::size_t kLongestUid = 40;
constexpr std::size_t kDigestDigits = 12;

bool is_uid_byte(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-'; }

/// `identity` is what the digest is of: '/' is in no name, so that no two identities are alike.
std::string with_digest(std::string_view readable, std::string_view identity) {
  std::string uid(readable.substr(0, kLongestUid - kDigestDigits - 1));
  std::replace_if(uid.begin(), uid.end(), [](char c) { return !is_uid_byte(c); }, '-');
  const auto digest = sha256(std::as_bytes(std::span(identity)));
  return uid + "-" + to_hex(digest).substr(0, kDigestDigits);
}

std::string fitting(const std::string& readable, std::string_view identity) { return is_uid(readable) ? readable : with_digest(readable, identity); }

}  // namespace

std::string_view to_string(Isolation isolation) noexcept { return isolation == Isolation::organization ? "organization" : "team"; }

Result<Isolation> parse_isolation(std::string_view text) {
  if (text == "organization") return Isolation::organization;
  if (text == "team") return Isolation::team;
  return fail(Errc::invalid_input, fmt::format("'{}' is no isolation; it is \"organization\" or \"team\"", text));
}

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::viewer: return "Viewer";
    case Role::editor: return "Editor";
    case Role::admin: return "Admin";
  }
  return "Viewer";
}

Result<Role> parse_role(std::string_view text) {
  for (const Role role : {Role::viewer, Role::editor, Role::admin}) {
    if (lower_case(text) == lower_case(to_string(role))) return role;
  }
  return fail(Errc::invalid_input, fmt::format("'{}' is no role; it is viewer, editor or admin", text));
}

bool is_uid(std::string_view text) noexcept { return !text.empty() && text.size() <= kLongestUid && std::all_of(text.begin(), text.end(), is_uid_byte); }

const std::string& company_title(const model::TenantName& company) noexcept { return company.str(); }
std::string datasource_name(const model::TenantName& company) { return "influxdb_" + company.str(); }
std::string user_login(const model::TenantName& company) { return lower_case("admin_" + company.str()); }

std::string dashboard_title(const model::TenantName& company, const model::CampaignName& campaign) {
  return company.str() + " \u2013 " + campaign.str();
}

std::string folder_uid(const model::TenantName& company) { return fitting("powerview-" + company.str(), company.str()); }
std::string datasource_uid(const model::TenantName& company) { return fitting("influxdb_" + company.str(), company.str()); }

std::string dashboard_uid(const model::TenantName& company, const model::CampaignName& campaign) {
  const std::string readable = fmt::format("powerview_{}_{}", company.str(), campaign.str());
  const std::string identity = company.str() + "/" + campaign.str();
  return company.str().find('_') == std::string::npos ? fitting(readable, identity) : with_digest(readable, identity);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c); });
  return lower;
}

}  // namespace pv::grafana
