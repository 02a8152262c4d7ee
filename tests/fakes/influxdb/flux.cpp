#include "fakes/influxdb/flux.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fakes/influxdb/flux_table.h"
#include "fakes/influxdb/flux_words.h"
#include "model/zone.h"

namespace pv::testing::influxdb {
namespace {

std::int64_t read_time_ns(const std::string& word) {
  std::tm time{};
  const char* const end = ::strptime(word.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  if (end == nullptr || *end != '\0') throw Refused("'" + word + "' is no time of the form 2006-01-02T15:04:05Z");
  const std::int64_t seconds = ::timegm(&time);
  constexpr std::int64_t kMost_s = 9'223'372'036;
  if (seconds > kMost_s || seconds < -kMost_s) throw Refused("a time outside of what can be stored");
  return seconds * kSecond_ns;
}

std::int64_t read_duration_s(const std::string& word) {
  std::int64_t count = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), count);
  const std::string unit(end, word.data() + word.size());
  const std::int64_t seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3'600 : unit == "d" ? 86'400 : 0;
  if (code != std::errc() || count <= 0 || seconds == 0) throw Refused("'" + word + "' is no duration");
  return count * seconds;
}

/// Start of the window that an instant is in. Only whole days may follow local clocks.
std::int64_t window_start_s(std::int64_t time_s, std::int64_t every_s, const model::Zone& zone) {
  if (zone.is_utc()) return floored(time_s, every_s);
  if (every_s != 86'400) throw Refused("a location with windows other than days");
  return zone.to_utc(floored(time_s + zone.offset_at(time_s).offset_s, every_s)).earlier_s;
}

std::int64_t window_stop_s(std::int64_t start_s, std::int64_t every_s, const model::Zone& zone) {
  if (zone.is_utc()) return start_s + every_s;
  return window_start_s(start_s + every_s + every_s / 2, every_s, zone);
}

struct Filter {
  std::string tag;
  std::set<std::string> wanted;
};

std::vector<Filter> read_filter(Words& words) {
  for (const char* word : {"fn", ":", "(", "r", ")", "=>"}) words.expect(word);
  std::vector<Filter> filters;
  std::string joint;
  while (true) {
    words.expect("r");
    std::string tag;
    if (words.take("[")) {
      tag = words.text();
      words.expect("]");
    } else {
      words.expect(".");
      tag = words.next();
    }
    words.expect("==");
    const std::string value = words.text();
    if (joint == "or") {
      if (filters.back().tag != tag) throw Refused("or between different tags");
      filters.back().wanted.insert(value);
    } else {
      filters.push_back({tag, {value}});
    }
    if (words.peek() != "and" && words.peek() != "or") break;
    const std::string next = words.next();
    if (!joint.empty() && joint != next) throw Refused("and mixed with or");
    joint = next;
  }
  return filters;
}

std::vector<Table> filtered(std::vector<Table> tables, const std::vector<Filter>& filters) {
  std::erase_if(tables, [&](const Table& table) {
    return std::any_of(filters.begin(), filters.end(), [&](const Filter& filter) {
      const auto tag = table.key.find(filter.tag);
      return tag == table.key.end() || !filter.wanted.contains(tag->second);
    });
  });
  return tables;
}

std::vector<Table> kept(std::vector<Table> tables, const std::set<std::string>& columns) {
  if (!columns.contains("_value")) throw Refused("keep without _value");
  std::vector<Table> out;
  for (Table& table : tables) {
    std::erase_if(table.key, [&](const auto& entry) { return !columns.contains(entry.first); });
    table.has_bounds = table.has_bounds && columns.contains("_start") && columns.contains("_stop");
    table.has_time = table.has_time && columns.contains("_time");
    const auto same = std::find_if(out.begin(), out.end(), [&](const Table& other) {
      return other.key == table.key && other.has_bounds == table.has_bounds &&
             (!table.has_bounds || (other.start_ns == table.start_ns && other.stop_ns == table.stop_ns));
    });
    if (same == out.end()) {
      out.push_back(std::move(table));
    } else {
      same->rows.insert(same->rows.end(), table.rows.begin(), table.rows.end());
    }
  }
  return out;
}

void aggregate(Table& table, const std::string& function) {
  if (table.rows.empty()) return;
  if (function == "first" || function == "last") {
    table.rows = {function == "first" ? table.rows.front() : table.rows.back()};
    return;
  }
  table.has_time = false;
  if (function == "count") {
    table.rows = {{0, static_cast<std::int64_t>(table.rows.size())}};
    return;
  }
  double sum = 0;
  for (const auto& row : table.rows) {
    if (!std::holds_alternative<double>(row.second)) throw Refused("unsupported input type for " + function);
    sum += std::get<double>(row.second);
  }
  table.rows = {{0, function == "mean" ? sum / static_cast<double>(table.rows.size()) : sum}};
}

std::vector<Table> windowed(const std::vector<Table>& tables, std::int64_t every_s, const model::Zone& zone) {
  std::vector<Table> out;
  for (const Table& table : tables) {
    if (!table.has_bounds || !table.has_time) throw Refused("windows need _start, _stop and _time");
    for (const auto& row : table.rows) {
      const std::int64_t start_s = window_start_s(floored(row.first, kSecond_ns) / kSecond_ns, every_s, zone);
      const std::int64_t start_ns = std::max(table.start_ns, start_s * kSecond_ns);
      if (out.empty() || out.back().key != table.key || out.back().start_ns != start_ns) {
        Table& window = out.emplace_back();
        window.key = table.key;
        window.start_ns = start_ns;
        window.stop_ns = std::min(table.stop_ns, window_stop_s(start_s, every_s, zone) * kSecond_ns);
      }
      out.back().rows.push_back(row);
    }
  }
  return out;
}

std::vector<Table> aggregate_windows(Words& words, const std::vector<Table>& tables) {
  std::int64_t every_s = 0;
  std::string function, source = "_stop", empty = "true";
  model::Zone zone = model::Zone::utc();
  do {
    const std::string name = words.next();
    words.expect(":");
    if (name == "every") every_s = read_duration_s(words.next());
    else if (name == "fn") function = words.next();
    else if (name == "timeSrc") source = words.text();
    else if (name == "createEmpty") empty = words.next();
    else if (name == "location") {
      for (const char* word : {"timezone", ".", "location", "(", "name", ":"}) words.expect(word);
      auto found = model::Zone::from_name(words.text());
      if (!found) throw Refused("unknown location");
      zone = std::move(*found);
      words.expect(")");
    } else {
      throw Refused("aggregateWindow with " + name);
    }
  } while (words.take(","));
  if (empty != "false" || source != "_start" || every_s == 0) throw Refused("aggregateWindow without every, createEmpty: false and timeSrc: \"_start\"");
  if (function != "count" && function != "sum" && function != "mean") throw Refused("aggregateWindow with fn " + function);
  std::vector<Table> out;
  for (Table& window : windowed(tables, every_s, zone)) {
    aggregate(window, function);
    window.rows.front().first = window.start_ns;
    window.has_time = true;
    // The windows of a series are one table again, with the bounds of the whole range.
    const auto whole = std::find_if(tables.begin(), tables.end(), [&](const Table& table) { return table.key == window.key; });
    window.start_ns = whole->start_ns;
    window.stop_ns = whole->stop_ns;
    if (out.empty() || out.back().key != window.key) {
      out.push_back(std::move(window));
    } else {
      out.back().rows.push_back(window.rows.front());
    }
  }
  return out;
}

std::vector<Table> read_range(Words& words, const Points& points) {
  words.expect("start");
  words.expect(":");
  const std::int64_t from_ns = read_time_ns(words.next());
  words.expect(",");
  words.expect("stop");
  words.expect(":");
  const std::int64_t to_ns = read_time_ns(words.next());
  if (to_ns <= from_ns) throw Refused("cannot query an empty range");
  std::vector<Table> tables;
  for (const auto& [key, values] : points.series()) {
    Table table;
    table.key = key.tags;
    table.key["_measurement"] = key.measurement;
    table.key["_field"] = key.field;
    table.start_ns = from_ns;
    table.stop_ns = to_ns;
    table.rows.assign(values.lower_bound(from_ns), values.lower_bound(to_ns));
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace

FluxAnswer run_flux(std::string_view script, const std::function<const Points*(const std::string&)>& bucket) {
  try {
    Words words(script);
    if (words.take("import") && words.text() != "timezone") throw Refused("unknown import");
    for (const char* word : {"from", "(", "bucket", ":"}) words.expect(word);
    const std::string name = words.text();
    words.expect(")");
    const Points* const points = bucket(name);
    if (points == nullptr) return {404, "failed to initialize execute state: could not find bucket \"" + name + "\""};
    words.expect("|>");
    for (const char* word : {"range", "("}) words.expect(word);
    std::vector<Table> tables = read_range(words, *points);
    words.expect(")");
    while (!words.at_end()) {
      words.expect("|>");
      const std::string stage = words.next();
      words.expect("(");
      if (stage == "filter") {
        tables = filtered(std::move(tables), read_filter(words));
      } else if (stage == "keep") {
        for (const char* word : {"columns", ":", "["}) words.expect(word);
        std::set<std::string> columns;
        do columns.insert(words.text());
        while (words.take(","));
        words.expect("]");
        tables = kept(std::move(tables), columns);
      } else if (stage == "count" || stage == "first" || stage == "last" || stage == "sum") {
        for (Table& table : tables) aggregate(table, stage);
      } else if (stage == "window") {
        words.expect("every");
        words.expect(":");
        tables = windowed(tables, read_duration_s(words.next()), model::Zone::utc());
      } else if (stage == "aggregateWindow") {
        tables = aggregate_windows(words, tables);
      } else {
        throw Refused("unknown stage " + stage);
      }
      words.expect(")");
    }
    return {200, csv_of(tables)};
  } catch (const Refused& refused) {
    return {400, std::string("compilation failed: ") + refused.what()};
  }
}

}  // namespace pv::testing::influxdb
