#pragma once
/// Tokens, which InfluxDB calls authorizations.
///   Errors: see influx/connection.h.

#include <compare>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "influx/connection.h"

namespace pv::influx {

enum class Action { read, write };

struct Permission {
  Action action = Action::read;
  std::string bucket_id;
  auto operator<=>(const Permission&) const = default;
};
using Permissions = std::set<Permission>;

struct Authorization {
  std::string id, description;
  bool active = true;
  Secret token;             // empty in what servers from 2.9 on list: only the answer that makes one has it
  Permissions permissions;  // those for one bucket each
  bool has_others = false;  // it may do more than `permissions` says
};

/// All that the token may see, of every description.
[[nodiscard]] Result<std::vector<Authorization>> list_authorizations(Connection& connection);
[[nodiscard]] Result<std::optional<Authorization>> find_authorization(Connection& connection, std::string_view id);
/// Its token is shown this once. Errors: denied when it would have more rights than the connection's own token.
[[nodiscard]] Result<Authorization> create_authorization(Connection& connection, std::string_view description, const Permissions& permissions);
/// Nothing happens when it is gone already.
[[nodiscard]] Result<void> delete_authorization(Connection& connection, std::string_view id);

}  // namespace pv::influx
