#include "tenancy/password.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tenancy/random_secret.h"

namespace pv::tenancy {
namespace {

constexpr std::size_t kShortest = 10;
constexpr std::size_t kLongest = 256;
constexpr std::size_t kRandomLength = 20;
constexpr unsigned long long kPasses = 4;
constexpr std::size_t kMemory = 24U << 20U;
// Without 0 O o, 1 l I i, and letters that are alike in many hands and fonts.
constexpr std::string_view kUnambiguous = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

/// One of the two places where passwords are hashed.
class PasswordHasher::Place {
 public:
  explicit Place(PasswordHasher& hasher) : hasher_(hasher) {
    std::unique_lock lock(hasher_.mutex_);
    hasher_.freed_.wait(lock, [&] { return hasher_.free_ > 0; });
    --hasher_.free_;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    {
      const std::lock_guard lock(hasher_.mutex_);
      ++hasher_.free_;
    }
    hasher_.freed_.notify_one();
  }

 private:
  PasswordHasher& hasher_;
};

Result<void> check_password_rule(const Secret& password, std::string_view owner) {
  const std::string& text = password.reveal();
  if (text.size() < kShortest || text.size() > kLongest) {
    return fail(Errc::invalid_input,
                fmt::format("a password has {} to {} bytes, this one has {}; choose another", kShortest, kLongest, text.size()));
  }
  if (std::equal(text.begin(), text.end(), owner.begin(), owner.end(), [](char a, char b) { return lower(a) == lower(b); })) {
    return fail(Errc::invalid_input, "a password may not be the name of its account; choose another");
  }
  return {};
}

Secret random_password() {
  prepare_sodium();
  std::string text(kRandomLength, '\0');
  for (char& c : text) c = kUnambiguous[randombytes_uniform(static_cast<std::uint32_t>(kUnambiguous.size()))];
  return Secret(std::move(text));
}

Result<std::string> PasswordHasher::hash(const Secret& password) {
  prepare_sodium();
  const std::string& text = password.reveal();
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  const bool usual = cost_ == HashCost::usual;
  const Place place(*this);
  if (crypto_pwhash_str(hash.data(), text.data(), text.size(),
                        usual ? kPasses : crypto_pwhash_OPSLIMIT_MIN, usual ? kMemory : crypto_pwhash_MEMLIMIT_MIN) != 0) {
    return fail(Errc::unavailable, "there is no memory to hash a password (24 MB); free some and try again");
  }
  return std::string(hash.data());
}

bool PasswordHasher::matches(const std::string& hash, const Secret& password) {
  prepare_sodium();
  const std::string& text = password.reveal();
  const Place place(*this);
  return crypto_pwhash_str_verify(hash.c_str(), text.data(), text.size()) == 0;
}

void PasswordHasher::spend(const Secret& password) { static_cast<void>(hash(password)); }

}  // namespace pv::tenancy
