#include "tenancy/user.h"

namespace pv::tenancy {

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::admin: return "admin";
    case Role::owner: return "owner";
    case Role::editor: return "editor";
    case Role::viewer: return "viewer";
  }
  return "unknown";
}

std::optional<Role> role_of(std::string_view text) noexcept {
  for (const Role role : {Role::admin, Role::owner, Role::editor, Role::viewer}) {
    if (text == to_string(role)) return role;
  }
  return std::nullopt;
}

}  // namespace pv::tenancy
