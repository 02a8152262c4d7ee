#pragma once
/// Secrets that are drawn, not chosen: 256 random bits as text, and the hash by which they are kept.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pv::tenancy {

/// libsodium's start, once a process; to be called before any other use of it.
void prepare_sodium();

[[nodiscard]] std::vector<std::byte> random_bytes(std::size_t count);

/// 43 characters of [A-Za-z0-9_-].
[[nodiscard]] std::string random_secret();
[[nodiscard]] bool looks_like_random_secret(std::string_view text) noexcept;

using SecretHash = std::array<std::byte, 32>;
/// BLAKE2b without salt: what is hashed has 256 random bits, so that nothing can be tried out.
[[nodiscard]] SecretHash hash_of_secret(std::string_view secret);

}  // namespace pv::tenancy
