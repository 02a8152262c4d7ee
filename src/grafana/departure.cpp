#include "grafana/departure.h"

#include "grafana/names.h"

namespace pv::grafana {

Result<void> leave_organization(Client& client, const Account& account, const Organization& left, std::int64_t home) {
  if (account.active_organization == left.id) PV_TRY_VOID(client.use_organization(account.id, home));
  PV_TRY(const auto members, client.members(left.id));
  const std::string name = lower_case(left.name);
  const bool is_its_own = members.size() == 1 && members.front().user_id == account.id && left.id != 1 && (name == lower_case(account.login) || name == lower_case(account.email));
  if (is_its_own) return client.delete_organization(left.id, home);
  return client.drop_member(left.id, account.id);
}

}  // namespace pv::grafana
