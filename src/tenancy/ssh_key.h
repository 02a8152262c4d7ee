#pragma once
/// Public keys as people hand them over: a line of an authorized_keys file.

#include <string>
#include <string_view>

#include "base/result.h"
#include "tenancy/program.h"

namespace pv::tenancy {

/// Takes "type base64 [comment]" with ssh-ed25519, ecdsa-sha2-nistp256/384/521, or ssh-rsa of 2,048 to 16,384 bits.
/// Errors: invalid_input: options before the type, another type, or bytes that are no such key; the text says which.
[[nodiscard]] Result<SftpKey> parse_authorized_key(std::string_view line);

/// The bytes that base64 stands for (with or without '='); "" when it is none or longer than any key.
[[nodiscard]] std::string key_blob(std::string_view base64);

/// Whether a client that names `offered` speaks of a key of `type`: the same, or an RSA signature's name for an RSA key.
[[nodiscard]] bool is_key_type(std::string_view type, std::string_view offered) noexcept;

}  // namespace pv::tenancy
