#pragma once
/// The fates a file can have and what leads from one to another.
///
///   received -> claimed -> parsed -> committed     the way of a good file
///   held                                           a person must decide
///   rejected                                       never will be taken
///
/// A committed or rejected file that is not yet moved keeps its state while the move is tried again.
///   Threads: no state; safe.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace pv::ingest {

// In the ledger's file these numbers stand for the states: append only.
enum class FileState : std::uint8_t { received = 0, claimed = 1, parsed = 2, committed = 3, held = 4, rejected = 5 };
inline constexpr std::array kFileStates = {FileState::received,  FileState::claimed, FileState::parsed,
                                           FileState::committed, FileState::held,    FileState::rejected};
[[nodiscard]] std::string_view to_string(FileState state) noexcept;
[[nodiscard]] std::optional<FileState> state_of(std::string_view text) noexcept;

/// What happens to a file.
enum class FileEvent : std::uint8_t {
  arrive,    // other bytes stand at its path
  claim,     // a worker begins
  parse,     // read, nothing suspicious
  commit,    // durable in every sink
  postpone,  // something passing is in the way (disk full, sink away, still being written): again later
  crash,     // the program ended while it worked on it
  hold,      // a person must decide
  reject,    // never will be taken
  retry,     // a person: try again now
  accept,    // a person: take it as it is
};
inline constexpr std::array kFileEvents = {FileEvent::arrive, FileEvent::claim, FileEvent::parse,  FileEvent::commit, FileEvent::postpone,
                                           FileEvent::crash,  FileEvent::hold,  FileEvent::reject, FileEvent::retry,  FileEvent::accept};
[[nodiscard]] std::string_view to_string(FileEvent event) noexcept;

/// The one transition function. Errors: conflict: this cannot happen in that state; the text says so.
[[nodiscard]] Result<FileState> next_state(FileState state, FileEvent event);

}  // namespace pv::ingest
