#include "tenancy/totp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include <fmt/format.h>

#include "base/check.h"

namespace pv::tenancy {
namespace {

constexpr std::int64_t kStepSeconds = 30;

std::string base32(std::span<const std::byte> bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  unsigned held = 0;
  unsigned bits = 0;
  for (const std::byte b : bytes) {
    held = held << 8 | std::to_integer<unsigned>(b);
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[held >> (bits - 5) & 31];
  }
  if (bits > 0) text += kAlphabet[held << (5 - bits) & 31];
  return text;
}

}  // namespace

std::int64_t totp_step(std::int64_t now_s) noexcept { return now_s / kStepSeconds; }

std::string totp_code(std::span<const std::byte> secret, std::int64_t step) {
  std::array<unsigned char, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i) counter[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (56 - 8 * i));
  std::array<unsigned char, 20> mac{};
  unsigned size = 0;
  PV_CHECK(HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(), counter.size(), mac.data(), &size) != nullptr);
  PV_CHECK(size == mac.size());
  const std::size_t at = mac[19] & 15U;
  const std::uint32_t number = (mac[at] & 0x7fU) << 24 | static_cast<std::uint32_t>(mac[at + 1]) << 16 |
                               static_cast<std::uint32_t>(mac[at + 2]) << 8 | mac[at + 3];
  return fmt::format("{:06}", number % 1'000'000);
}

std::optional<std::int64_t> totp_match(std::span<const std::byte> secret, std::string_view code, std::int64_t now_s,
                                       std::int64_t last_used_step) {
  const std::int64_t now = totp_step(now_s);
  std::optional<std::int64_t> found;
  for (std::int64_t step = now - 1; step <= now + 1; ++step) {
    const std::string right = totp_code(secret, step);
    const bool same = code.size() == right.size() && CRYPTO_memcmp(code.data(), right.data(), right.size()) == 0;
    if (same && step > last_used_step) found = step;
  }
  return found;
}

std::string totp_uri(std::span<const std::byte> secret, std::string_view account) {
  return fmt::format("otpauth://totp/PowerView:{}?secret={}&issuer=PowerView&algorithm=SHA1&digits=6&period=30", account, base32(secret));
}

}  // namespace pv::tenancy
