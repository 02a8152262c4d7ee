#include "tenancy/ssh_key.h"

#include <sodium.h>

#include <array>
#include <bit>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/digest.h"
#include "tenancy/random_secret.h"
#include "tenancy/shown_text.h"

namespace pv::tenancy {
namespace {

constexpr std::size_t kLongestBase64 = 4096;
constexpr std::size_t kLongestLine = 8192;
constexpr std::size_t kLongestComment = 200;
constexpr std::size_t kFewestRsaBits = 2048;
constexpr std::size_t kMostRsaBits = 16'384;

/// The fields of a key's blob: each a length of four bytes, big-endian, and that many bytes.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : left_(bytes) {}

  std::optional<std::string_view> next() {
    if (left_.size() < 4) return std::nullopt;
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(left_[i]);
    if (left_.size() - 4 < length) return std::nullopt;
    const std::string_view field = left_.substr(4, length);
    left_.remove_prefix(4 + length);
    return field;
  }
  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

 private:
  std::string_view left_;
};

std::size_t bits_of(std::string_view number) noexcept {
  while (!number.empty() && number.front() == '\0') number.remove_prefix(1);
  if (number.empty()) return 0;
  return (number.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(static_cast<unsigned char>(number.front()))));
}

Result<void> check_rsa(Fields& fields) {
  const auto exponent = fields.next();
  const auto modulus = fields.next();
  if (!exponent || !modulus || bits_of(*exponent) < 2) return fail(Errc::invalid_input, "the bytes of this RSA key are damaged");
  const std::size_t bits = bits_of(*modulus);
  if (bits < kFewestRsaBits || bits > kMostRsaBits) {
    return fail(Errc::invalid_input, fmt::format("this RSA key has {} bits, {} to {} are taken; make an ed25519 key", bits, kFewestRsaBits,
                                                 kMostRsaBits));
  }
  return {};
}

Result<void> check_curve(Fields& fields, std::string_view curve, std::size_t coordinate_bytes) {
  const auto named = fields.next();
  const auto point = fields.next();
  const bool whole = named && point && *named == curve && point->size() == 1 + 2 * coordinate_bytes && point->front() == '\x04';
  if (!whole) return fail(Errc::invalid_input, "the bytes of this ECDSA key are damaged");
  return {};
}

/// The structure of the blob is that of its type.
Result<void> check_blob(std::string_view type, std::string_view blob) {
  Fields fields(blob);
  const auto inner = fields.next();
  if (!inner || *inner != type) return fail(Errc::invalid_input, fmt::format("the key's bytes are not of type {}", type));
  if (type == "ssh-ed25519") {
    const auto point = fields.next();
    if (!point || point->size() != 32) return fail(Errc::invalid_input, "the bytes of this ed25519 key are damaged");
  } else if (type == "ssh-rsa") {
    PV_TRY_VOID(check_rsa(fields));
  } else if (type == "ecdsa-sha2-nistp256") {
    PV_TRY_VOID(check_curve(fields, "nistp256", 32));
  } else if (type == "ecdsa-sha2-nistp384") {
    PV_TRY_VOID(check_curve(fields, "nistp384", 48));
  } else {
    PV_TRY_VOID(check_curve(fields, "nistp521", 66));
  }
  if (!fields.at_end()) return fail(Errc::invalid_input, "there are bytes behind the key");
  return {};
}

bool is_taken_type(std::string_view type) noexcept {
  return type == "ssh-ed25519" || type == "ssh-rsa" || type == "ecdsa-sha2-nistp256" || type == "ecdsa-sha2-nistp384" ||
         type == "ecdsa-sha2-nistp521";
}

std::string encoded(std::string_view blob, int variant) {
  prepare_sodium();
  std::string text(sodium_base64_encoded_len(blob.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), variant);
  text.pop_back();  // its terminator
  return text;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// Takes the first word off a text.
std::string_view take_word(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text = trimmed(text.substr(word.size()));
  return word;
}

}  // namespace

std::string key_blob(std::string_view base64) {
  prepare_sodium();
  while (!base64.empty() && base64.back() == '=') base64.remove_suffix(1);
  if (base64.size() > kLongestBase64) return {};
  std::string blob(base64.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(blob.data()), blob.size(), base64.data(), base64.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
      end != base64.data() + base64.size()) {
    return {};
  }
  blob.resize(size);
  return blob;
}

bool is_key_type(std::string_view type, std::string_view offered) noexcept {
  return offered == type || (type == "ssh-rsa" && (offered == "rsa-sha2-256" || offered == "rsa-sha2-512"));
}

Result<SftpKey> parse_authorized_key(std::string_view line) {
  std::string_view rest = trimmed(line);
  if (rest.empty()) return fail(Errc::invalid_input, "the key is empty; give a line like 'ssh-ed25519 AAAA… name'");
  if (rest.size() > kLongestLine || rest.find_first_of("\r\n") != std::string_view::npos) {
    return fail(Errc::invalid_input, "a key is one line; give one at a time");
  }
  if (rest.starts_with("-----BEGIN") || rest.starts_with("----")) {
    return fail(Errc::invalid_input, "this is not a line of an authorized_keys file; give the content of the .pub file, never the private key");
  }
  const std::string_view type = take_word(rest);
  if (!is_taken_type(type)) {
    return fail(Errc::invalid_input,
                fmt::format("'{}' is no key type that is taken (ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521, ssh-rsa); options before "
                            "the type are not taken either",
                            shown_text(type, 40)));
  }
  const std::string blob = key_blob(take_word(rest));
  if (blob.empty()) return fail(Errc::invalid_input, "the key's base64 is damaged; copy the whole line of the .pub file");
  PV_TRY_VOID(check_blob(type, blob));
  const auto digest = sha256(std::as_bytes(std::span(blob)));
  return SftpKey{.type = std::string(type),
                 .base64 = encoded(blob, sodium_base64_VARIANT_ORIGINAL),
                 .fingerprint = "SHA256:" + encoded({reinterpret_cast<const char*>(digest.data()), digest.size()},
                                                    sodium_base64_VARIANT_ORIGINAL_NO_PADDING),
                 .comment = shown_text(rest, kLongestComment)};
}

}  // namespace pv::tenancy
