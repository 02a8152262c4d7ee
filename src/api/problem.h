#pragma once
/// Errors as HTTP answers: application/problem+json (RFC 9457).

#include <string_view>

#include "api/message.h"
#include "base/result.h"

namespace pv::api {

/// The one place that decides which status an error has.
[[nodiscard]] int status_of(Errc kind) noexcept;

[[nodiscard]] std::string_view reason_of(int status) noexcept;

[[nodiscard]] Reply problem(int status, std::string_view detail);
[[nodiscard]] Reply problem(const Error& error);
/// With a member "reason", which programs may decide by: "wrong", "throttled", …
[[nodiscard]] Reply problem(int status, std::string_view detail, std::string_view reason);
/// Of the registry, the ledger and the desk: what they say of a conflict is meant for the person who asked.
[[nodiscard]] Reply problem_told(const Error& error);

/// What a client may read of an error. What went wrong inside is told without its message, which may name the server's
/// files; what the client asked wrongly is told whole.
[[nodiscard]] std::string_view public_text(const Error& error) noexcept;
/// Whether public_text() leaves out what the log should have.
[[nodiscard]] bool is_internal(const Error& error) noexcept;

}  // namespace pv::api
