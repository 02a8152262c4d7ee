#pragma once
/// A newly generated dashboard and the edits that people made in Grafana, brought together.
///
/// Three-way: what PowerView generated last is the base, against which both sides' changes are seen. Objects are merged member by member; panels
/// (also those inside rows), variables, annotations and queries element by element; every other list, a panel's place and a datasource
/// reference as one value. What only one side changed is taken. Where both changed the same value differently, the user's stays and the conflict
/// is told. What a user deleted stays deleted, what a user added stays. A generated panel whose number a user's panel has taken gets a free one, and
/// one whose place is taken stands below all others. `id`, `version` and `iteration` at the top are Grafana's and come from `theirs`.
///
/// Whether there is something to save is same_dashboard(merged, theirs), never (ours, theirs): Grafana rewrites what it stores.
///   Errors: invalid_input, naming which of the three is no dashboard (no JSON object, over 4 MiB, nested deeper than 100, over 2000 panels).
///   Cost: milliseconds for a usual dashboard. Threads: no state; safe.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pv::grafana {

struct Merged {
  std::string json;
  std::vector<std::string> conflicts;  // for a person: panel "Power" (id 2): fieldConfig.defaults.unit: … ; 100 at most, then how many more
};

/// `base` is "" when nothing is known of what was generated last: then every difference counts as the user's.
[[nodiscard]] Result<Merged> merge(std::string_view base, std::string_view theirs, std::string_view ours);

/// The same but for the order of members and for what Grafana counts itself (`id`, `version`, `iteration` at the top). What is no dashboard is the
/// same as nothing.
[[nodiscard]] bool same_dashboard(std::string_view a, std::string_view b);

}  // namespace pv::grafana
