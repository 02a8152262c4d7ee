#pragma once
/// Passwords: their rule, their hashing (argon2id), and random ones.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace pv::tenancy {

enum class HashCost : std::uint8_t {
  usual,  // argon2id with 24 MiB and 4 passes, some 40 ms: above the least that OWASP advises (19 MiB, 2), and two at once fit a small machine
  least,  // for tests only: the least that libsodium takes
};

/// 10 to 256 bytes, and not the name of its owner. Errors: invalid_input, naming the rule.
[[nodiscard]] Result<void> check_password_rule(const Secret& password, std::string_view owner);

/// 20 characters that nobody takes for one another: some 114 random bits.
[[nodiscard]] Secret random_password();

/// Hashes at most two passwords at a time; other callers wait, so that a flood of attempts takes neither all memory nor all cores.
/// Threads: safe. No lock of anything else may be held by a caller.
class PasswordHasher {
 public:
  explicit PasswordHasher(HashCost cost) : cost_(cost) {}

  /// Errors: unavailable: no memory for it now.
  Result<std::string> hash(const Secret& password);
  bool matches(const std::string& hash, const Secret& password);
  /// Takes as long as matches(), for accounts that do not exist.
  void spend(const Secret& password);

 private:
  class Place;

  HashCost cost_;
  std::mutex mutex_;
  std::condition_variable freed_;
  int free_ = 2;
};

}  // namespace pv::tenancy
