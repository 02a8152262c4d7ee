#include "ingest/file_state.h"

#include <fmt/format.h>

namespace pv::ingest {
namespace {

std::optional<FileState> target(FileState state, FileEvent event) noexcept {
  using enum FileState;
  const std::optional<FileState> never;
  switch (event) {
    case FileEvent::arrive:
      // Who works on it finds out by itself that the bytes are others; what was decided on a held file's old ones is void. The fate
      // of a file that was taken or refused stands: what comes after it has one of its own.
      if (state == claimed || state == parsed) return state;
      return state == received || state == held ? std::optional(received) : never;
    case FileEvent::claim:
      if (state == received) return claimed;
      return state == committed || state == rejected ? std::optional(state) : never;
    case FileEvent::parse: return state == claimed ? std::optional(parsed) : never;
    case FileEvent::commit: return state == parsed ? std::optional(committed) : never;
    case FileEvent::postpone:
    case FileEvent::crash:
      if (state == claimed || state == parsed) return received;
      return state == committed || state == rejected ? std::optional(state) : never;
    case FileEvent::hold: return state == claimed || state == parsed ? std::optional(held) : never;
    case FileEvent::reject: return state == committed || state == rejected ? never : std::optional(rejected);
    case FileEvent::retry: return state == received || state == held || state == rejected ? std::optional(received) : never;
    case FileEvent::accept: return state == held ? std::optional(received) : never;
  }
  return never;
}

std::string_view done(FileEvent event) noexcept {
  switch (event) {
    case FileEvent::arrive: return "handed in";
    case FileEvent::claim: return "claimed";
    case FileEvent::parse: return "read";
    case FileEvent::commit: return "committed";
    case FileEvent::postpone: return "postponed";
    case FileEvent::crash: return "set back";
    case FileEvent::hold: return "held";
    case FileEvent::reject: return "rejected";
    case FileEvent::retry: return "tried again";
    case FileEvent::accept: return "accepted";
  }
  return "changed";
}

}  // namespace

std::string_view to_string(FileState state) noexcept {
  switch (state) {
    case FileState::received: return "received";
    case FileState::claimed: return "claimed";
    case FileState::parsed: return "parsed";
    case FileState::committed: return "committed";
    case FileState::held: return "held";
    case FileState::rejected: return "rejected";
  }
  return "unknown";
}

std::optional<FileState> state_of(std::string_view text) noexcept {
  for (const FileState state : kFileStates) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

std::string_view to_string(FileEvent event) noexcept {
  switch (event) {
    case FileEvent::arrive: return "arrive";
    case FileEvent::claim: return "claim";
    case FileEvent::parse: return "parse";
    case FileEvent::commit: return "commit";
    case FileEvent::postpone: return "postpone";
    case FileEvent::crash: return "crash";
    case FileEvent::hold: return "hold";
    case FileEvent::reject: return "reject";
    case FileEvent::retry: return "retry";
    case FileEvent::accept: return "accept";
  }
  return "unknown";
}

Result<FileState> next_state(FileState state, FileEvent event) {
  if (const auto next = target(state, event)) return *next;
  return fail(Errc::conflict, fmt::format("a file that is {} cannot be {}", to_string(state), done(event)));
}

}  // namespace pv::ingest
