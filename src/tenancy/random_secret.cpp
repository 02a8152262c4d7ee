#include "tenancy/random_secret.h"

#include <sodium.h>

#include <algorithm>

#include "base/check.h"

namespace pv::tenancy {
namespace {

constexpr std::size_t kBytes = 32;
constexpr std::size_t kCharacters = 43;

}  // namespace

void prepare_sodium() {
  static const bool ready = sodium_init() >= 0;
  PV_CHECK(ready);
}

std::vector<std::byte> random_bytes(std::size_t count) {
  prepare_sodium();
  std::vector<std::byte> bytes(count);
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string random_secret() {
  prepare_sodium();
  std::array<unsigned char, kBytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::array<char, kCharacters + 1> text{};
  PV_CHECK(sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING) != nullptr);
  return std::string(text.data(), kCharacters);
}

bool looks_like_random_secret(std::string_view text) noexcept {
  return text.size() == kCharacters && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
         });
}

SecretHash hash_of_secret(std::string_view secret) {
  prepare_sodium();
  SecretHash hash{};
  PV_CHECK(crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                              reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr, 0) == 0);
  return hash;
}

}  // namespace pv::tenancy
