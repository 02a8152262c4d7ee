#include "base/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace pv {

std::array<std::byte, 32> sha256(std::span<const std::byte> bytes) {
  // Looking an algorithm up costs more than hashing a daily file, so it is fetched once.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<std::byte, 32> digest{};
  unsigned size = 0;
  PV_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, algorithm, nullptr) == 1);
  PV_CHECK(size == digest.size());
  return digest;
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

}  // namespace pv
