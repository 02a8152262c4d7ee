#include "ingest/stillness.h"

#include <algorithm>

namespace pv::ingest {

bool Stillness::note(const std::string& path, const FileIdentity& identity, model::Way way, Clock::time_point now) {
  const auto [at, is_new] = files_.try_emplace(path, Watched{identity, way, now, now + grace_});
  Watched& file = at->second;
  if (!is_new && file.identity == identity) return now - file.since >= grace_;
  if (!is_new) {
    looks_.erase({file.look, path});
    file = Watched{identity, file.way, now, now + grace_};
  }
  looks_.emplace(file.look, path);
  return grace_ <= Clock::duration::zero();
}

void Stillness::forget(std::string_view path) {
  const auto at = files_.find(path);
  if (at == files_.end()) return;
  looks_.erase({at->second.look, at->first});
  files_.erase(at);
}

std::optional<Stillness::Clock::time_point> Stillness::next_look() const {
  if (looks_.empty()) return std::nullopt;
  return looks_.begin()->first;
}

std::vector<Stillness::Due> Stillness::due(Clock::time_point now) {
  std::vector<Due> due;
  while (!looks_.empty() && looks_.begin()->first <= now) {
    const std::string& path = looks_.begin()->second;
    due.push_back({path, files_.find(path)->second.way});
    looks_.erase(looks_.begin());
  }
  // Later than now even without a grace, or a file that stays would be due for ever.
  const Clock::time_point again = now + std::max<Clock::duration>(grace_, std::chrono::milliseconds(10));
  for (const Due& file : due) {
    files_.find(file.path)->second.look = again;
    looks_.emplace(again, file.path);
  }
  return due;
}

}  // namespace pv::ingest
