#include "grafana/names.h"

#include <locale.h>
#include <wctype.h>

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

/// A name that looks as if it had a digest could be another's that has it.
bool ends_like_digest(std::string_view text) {
  if (text.size() <= kDigestDigits || text[text.size() - kDigestDigits - 1] != '-') return false;
  text.remove_prefix(text.size() - kDigestDigits);
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string fitting(const std::string& readable, std::string_view identity) {
  return is_uid(readable) && !ends_like_digest(readable) ? readable : with_digest(readable, identity);
}

char32_t lower_letter(char32_t code) {
  // Of the C library itself: no locale has to be installed for it.
  static const locale_t kLetters = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (kLetters != nullptr) return static_cast<char32_t>(::towlower_l(static_cast<wint_t>(code), kLetters));
  return code >= 'A' && code <= 'Z' ? code | 0x20 : code;
}

std::string utf8_of(char32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  std::string text;
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  text += static_cast<char>((0xffU << (7 - more) & 0xffU) | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80U | (code >> (6 * i) & 0x3fU));
  return text;
}

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
  if (!model::is_valid_utf8(text)) return std::string(text);
  std::string lower;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t code = size == 1 ? first : first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
    lower += utf8_of(lower_letter(code));
    at += size;
  }
  return lower;
}

}  // namespace pv::grafana
