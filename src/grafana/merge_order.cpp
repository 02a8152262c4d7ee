#include "grafana/merge_order.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>

namespace pv::grafana {
namespace {

std::vector<std::string> only_in(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  const std::set<std::string> allowed(others.begin(), others.end());
  std::vector<std::string> kept;
  std::copy_if(names.begin(), names.end(), std::back_inserter(kept), [&](const std::string& name) { return allowed.contains(name); });
  return kept;
}

}  // namespace

std::vector<std::string> woven(const std::vector<std::string>& base, const std::vector<std::string>& theirs, const std::vector<std::string>& ours) {
  const bool user_moved = base.empty() || only_in(base, theirs) != only_in(theirs, base);
  std::vector<std::string> order = user_moved ? theirs : ours;
  const std::vector<std::string>& others = user_moved ? ours : theirs;
  std::set<std::string> placed(order.begin(), order.end());
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (!placed.insert(others[i]).second) continue;
    const auto before = i == 0 ? order.end() : std::find(order.begin(), order.end(), others[i - 1]);
    order.insert(before == order.end() ? order.begin() : before + 1, others[i]);
  }
  return order;
}

}  // namespace pv::grafana
