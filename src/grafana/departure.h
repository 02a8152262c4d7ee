#pragma once
/// An account out of an organization that Grafana has put it into. One that Grafana made for this account alone, which as its only Admin it cannot
/// leave, is deleted: nobody else has any use for it.
///   Errors: those of client.h. Threads: as the client.

#include <cstdint>

#include "base/result.h"
#include "grafana/client.h"

namespace pv::grafana {

/// `home`: an organization that the account and the caller are in.
[[nodiscard]] Result<void> leave_organization(Client& client, const Account& account, const Organization& left, std::int64_t home);

}  // namespace pv::grafana
