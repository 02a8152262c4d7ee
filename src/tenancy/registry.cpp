#include "tenancy/registry.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/private_file.h"
#include "tenancy/random_secret.h"
#include "tenancy/registry_parts.h"
#include "tenancy/shown_text.h"

namespace pv::tenancy {
namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostEntries = 10'000;

std::int64_t steady_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Registry::Registry(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Registry::~Registry() = default;

Result<std::unique_ptr<Registry>> Registry::open(const std::filesystem::path& state_dir, const RegistryOptions& options) {
  prepare_sodium();
  if (const auto made = make_private_folder(state_dir, GroupMay::pass); !made) {
    return fail(Errc::io, fmt::format("{}; check --state-dir and its rights", made.error().message()));
  }
  const auto steady_s = options.steady_s ? options.steady_s : steady_seconds;
  PV_TRY(auto book, Book::open(state_dir / "registry.sqlite", options.now_s ? options.now_s : unix_now_s));
  return std::unique_ptr<Registry>(new Registry(std::unique_ptr<Parts>(new Parts{
      .book = std::move(book), .hasher = PasswordHasher(options.hash_cost), .user_attempts = Throttle(steady_s), .sftp_attempts = Throttle(steady_s)})));
}

Result<void> Registry::note(const AuditEntry& entry) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY_VOID(turn.note(entry));
  return turn.commit();
}

Result<std::vector<AuditEntry>> Registry::audit(const std::optional<model::TenantName>& tenant, std::size_t limit) {
  PV_TRY(auto turn, parts_->book->read());
  const std::string columns = "SELECT time_s, who, address, action, subject, detail, tenant FROM audit";
  PV_TRY(Query query, turn.query(columns + (tenant ? " WHERE tenant=?" : "") + " ORDER BY id DESC LIMIT ?"));
  if (tenant) query.text(tenant->str());
  query.number(static_cast<std::int64_t>(std::min(limit, kMostEntries)));
  std::vector<AuditEntry> entries;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return entries;
    entries.push_back({.time_s = query.row().integer(0),
                       .who = query.string(1),
                       .address = query.string(2),
                       .action = query.string(3),
                       .subject = query.string(4),
                       .detail = query.string(5),
                       .tenant = query.string(6)});
  }
}

Result<void> check_account_name(std::string_view what, std::string_view name, std::string_view more) {
  const auto allowed = [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-' || more.find(c) != std::string_view::npos;
  };
  if (!name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), allowed)) return {};
  const std::string_view letters = more.find('A') != std::string_view::npos ? "letters" : "small letters";
  const std::string_view marks = more.find('@') != std::string_view::npos ? "'.', '_', '-' or '@'" : "'.', '_' or '-'";
  return fail(Errc::invalid_input, fmt::format("{} name '{}': expected 1 to {} {}, digits, {}", what, shown_text(name, kLongestName),
                                               kLongestName, letters, marks));
}

Result<void> require_tenant(Turn& turn, const model::TenantName& tenant) {
  PV_TRY(Query query, turn.query("SELECT 1 FROM tenant WHERE name=?"));
  PV_TRY(const bool known, query.text(tenant.str()).next());
  if (known) return {};
  return fail(Errc::not_found, fmt::format("company {}: nobody has created it; 'powerview tenant create' does", tenant.str()));
}

Standing standing_in(const Query& query, int column) {
  return query.row().text(column) == "active" ? Standing::active : Standing::disabled;
}

Result<model::TenantName> tenant_in(const Query& query, int column) {
  auto name = model::TenantName::parse(query.row().text(column));
  if (!name) return fail(Errc::corrupt, "registry.sqlite holds a company's name that is none; restore it from a backup");
  return name;
}

Result<std::optional<model::TenantName>> tenant_or_none_in(const Query& query, int column) {
  if (query.row().is_null(column)) return std::optional<model::TenantName>();
  PV_TRY(auto name, tenant_in(query, column));
  return std::optional<model::TenantName>(std::move(name));
}

std::string text_of(const std::optional<model::TenantName>& tenant) { return tenant ? tenant->str() : std::string(); }

std::optional<std::string> text_or_none(const std::optional<model::TenantName>& tenant) {
  return tenant ? std::optional<std::string>(tenant->str()) : std::nullopt;
}

std::string standing_action(std::string_view noun, Standing standing) {
  return fmt::format("{}.{}", noun, standing == Standing::active ? "enable" : "disable");
}

}  // namespace pv::tenancy
