#pragma once
/// One-time codes by the clock: TOTP (RFC 6238) with SHA-1, six digits, steps of 30 s, as every authenticator takes it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pv::tenancy {

constexpr std::size_t kTotpSecretBytes = 20;

/// The step of an instant (Unix seconds): 30 s each.
[[nodiscard]] std::int64_t totp_step(std::int64_t now_s) noexcept;
[[nodiscard]] std::string totp_code(std::span<const std::byte> secret, std::int64_t step);

/// The step a code is of: that of `now_s`, the one before or the one behind; nothing when it is of none of them, or of one that is
/// not later than `last_used_step`.
[[nodiscard]] std::optional<std::int64_t> totp_match(std::span<const std::byte> secret, std::string_view code, std::int64_t now_s,
                                                     std::int64_t last_used_step);

/// "otpauth://totp/PowerView:alice?secret=…", for a QR code. `account`: of [a-z0-9._@-].
[[nodiscard]] std::string totp_uri(std::span<const std::byte> secret, std::string_view account);

}  // namespace pv::tenancy
