#pragma once
/// The member "standing" of a body.

#include <optional>

#include "api/json_body.h"
#include "base/result.h"
#include "tenancy/registry.h"

namespace pv::api {

/// Nothing when it is absent.
[[nodiscard]] inline Result<std::optional<tenancy::Standing>> standing_of(const JsonBody& body) {
  PV_TRY(const auto text, body.optional_text("standing"));
  if (!text) return std::optional<tenancy::Standing>();
  if (*text == "active") return std::optional(tenancy::Standing::active);
  if (*text == "disabled") return std::optional(tenancy::Standing::disabled);
  return fail(Errc::invalid_input, "member \"standing\": it must be active or disabled");
}

}  // namespace pv::api
