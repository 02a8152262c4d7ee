#include "model/rhythm.h"

#include <map>

namespace pv::model {

std::int64_t usual_step(std::span<const std::int64_t> time_s) {
  // Nearly all rows share one distance: counting runs keeps this a linear pass with a handful of map entries.
  std::map<std::int64_t, std::size_t> counts;
  std::int64_t last_step = 0;
  std::size_t run = 0;
  for (std::size_t i = 1; i < time_s.size(); ++i) {
    const std::int64_t step = time_s[i] - time_s[i - 1];
    if (step != last_step && run > 0) {
      counts[last_step] += run;
      run = 0;
    }
    last_step = step;
    ++run;
  }
  if (run > 0) counts[last_step] += run;
  std::int64_t best = 0;
  std::size_t best_count = 0;
  for (const auto& [step, count] : counts) {
    if (count > best_count) {
      best = step;
      best_count = count;
    }
  }
  return best;
}

std::vector<Silence> silences(std::span<const std::int64_t> time_s) { return silences(time_s, usual_step(time_s)); }

std::vector<Silence> silences(std::span<const std::int64_t> time_s, std::int64_t step_s) {
  std::vector<Silence> found;
  for (std::size_t i = 1; step_s > 0 && i < time_s.size(); ++i) {
    if (2 * (time_s[i] - time_s[i - 1]) > 3 * step_s) found.push_back({time_s[i - 1], time_s[i] - step_s});
  }
  return found;
}

std::optional<std::int64_t> ExpectedSteps::of(std::string_view device) const {
  const auto own = of_device.find(device);
  return own == of_device.end() ? of_campaign : own->second;
}

}  // namespace pv::model
