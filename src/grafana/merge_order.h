#pragma once
/// The order of named elements after both sides' changes.
///   Threads: no state; safe.

#include <string>
#include <vector>

namespace pv::grafana {

/// All names of `theirs` and `ours`, each once: in our order when the user moved nothing that was in `base`, else in the user's. A name of the other
/// side follows the one that it follows there. An empty base leaves the user's order. Names within a list differ.
[[nodiscard]] std::vector<std::string> woven(const std::vector<std::string>& base, const std::vector<std::string>& theirs,
                                             const std::vector<std::string>& ours);

}  // namespace pv::grafana
