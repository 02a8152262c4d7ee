#pragma once
/// Working memory of the codecs: zstd contexts and buffers, made once and used again for every column.
/// Threads: one Scratch a thread. Cost: a few hundred KB once used; nothing is allocated per column after that.

#include <memory>

namespace pv::codec {

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(Scratch&&) noexcept;
  Scratch& operator=(Scratch&&) noexcept;

  struct State;  // defined inside the room
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pv::codec
