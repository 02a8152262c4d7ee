#pragma once
/// The header that Grafana's basic authentication wants (RFC 7617).
///   Threads: no state; safe.

#include <string>
#include <string_view>

#include "base/secret.h"

namespace pv::grafana {

/// "Basic …": as secret as the password that it holds.
[[nodiscard]] std::string basic_authorization(std::string_view login, const Secret& password);

}  // namespace pv::grafana
