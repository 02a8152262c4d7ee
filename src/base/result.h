#pragma once
/// Errors as values. Everything that can go wrong in a normal week (a cut file, a full disk, a wrong
/// setting) travels in Result<T>; exceptions are left for bugs and exhausted memory.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace pv {

/// What kind of thing went wrong; callers decide the next step by it, never by the message.
enum class Errc : std::uint8_t {
  not_found,      // the named thing does not exist
  invalid_input,  // what came from outside is wrong and will stay wrong
  corrupt,        // our own bytes do not read back: checksum, version, structure
  io,             // the system refused: disk full, permission, vanished file
  conflict,       // somebody else changed or holds it; trying again may work
  unavailable,    // a service or resource is away for now
  denied,         // not allowed
};

[[nodiscard]] std::string_view to_string(Errc kind) noexcept;

/// A kind and a message for a person: it names the file, the line or the setting, and what to do.
class Error {
 public:
  Error(Errc kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  [[nodiscard]] Errc kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  /// Puts the wider context in front: "store.sqlite: disk full" -> "campaign x: store.sqlite: disk full".
  [[nodiscard]] Error with(std::string_view context) && {
    message_.insert(0, ": ");
    message_.insert(0, context);
    return std::move(*this);
  }

 private:
  Errc kind_;
  std::string message_;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(Errc::io, "…")` from any function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Errc kind, std::string message) {
  return tl::unexpected<Error>(Error(kind, std::move(message)));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace pv

#define PV_CONCAT_INNER(a, b) a##b
#define PV_CONCAT(a, b) PV_CONCAT_INNER(a, b)

/// PV_TRY(auto file, open(path)); — takes the value, or returns the error from the enclosing function.
#define PV_TRY(declaration, expression)                                                     \
  auto PV_CONCAT(pv_try_, __LINE__) = (expression);                                         \
  if (!PV_CONCAT(pv_try_, __LINE__)) {                                                      \
    return ::pv::fail(std::move(PV_CONCAT(pv_try_, __LINE__)).error());                     \
  }                                                                                         \
  declaration = std::move(*PV_CONCAT(pv_try_, __LINE__))

/// PV_TRY_VOID(sync(fd)); — the same for Result<void>.
#define PV_TRY_VOID(expression)                                    \
  do {                                                             \
    if (auto pv_try_void_ = (expression); !pv_try_void_) {         \
      return ::pv::fail(std::move(pv_try_void_).error());          \
    }                                                              \
  } while (false)
