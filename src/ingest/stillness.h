#pragma once
/// Which files have stood still for a while, on a clock that does not jump: each path with what stood there when it was last
/// looked at, and when to look again.
///   Threads: one. Cost: logarithmic in the number of files.

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/file_identity.h"
#include "model/arrival.h"

namespace pv::ingest {

class Stillness {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Stillness(Clock::duration grace) : grace_(grace) {}

  /// Notes what stands there now, and who met it, which stays as it was first said. Whether it has been the same for the grace.
  [[nodiscard]] bool note(const std::string& path, const FileIdentity& identity, model::Way way, Clock::time_point now);
  void forget(std::string_view path);

  /// The moment a file may have stood still for long enough; nothing when there is no file.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;
  struct Due {
    std::string path;
    model::Way way;
  };
  /// The files to look at now; those not forgotten come again after another grace.
  [[nodiscard]] std::vector<Due> due(Clock::time_point now);
  [[nodiscard]] std::size_t size() const noexcept { return files_.size(); }

 private:
  struct Watched {
    FileIdentity identity;
    model::Way way;
    Clock::time_point since, look;
  };
  Clock::duration grace_;
  std::map<std::string, Watched, std::less<>> files_;
  std::set<std::pair<Clock::time_point, std::string>> looks_;  // one a file, by its `look`
};

}  // namespace pv::ingest
