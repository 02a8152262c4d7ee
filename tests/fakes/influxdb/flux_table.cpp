#include "fakes/influxdb/flux_table.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <set>

#include "fakes/influxdb/flux_words.h"

namespace pv::testing::influxdb {
namespace {

std::string time_text(std::int64_t time_ns) {
  const std::int64_t seconds = floored(time_ns, kSecond_ns) / kSecond_ns;
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out = text;
  if (const std::int64_t rest = time_ns - seconds * kSecond_ns; rest != 0) {
    std::string digits = std::to_string(rest + kSecond_ns).substr(1);
    while (digits.back() == '0') digits.pop_back();
    out += "." + digits;
  }
  return out + "Z";
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string value_text(const Value& value) {
  struct Print {
    std::string operator()(double number) const {
      char text[40];
      return {text, std::to_chars(text, text + sizeof text, number).ptr};
    }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(std::uint64_t number) const { return std::to_string(number); }
    std::string operator()(bool yes) const { return yes ? "true" : "false"; }
    std::string operator()(const std::string& text) const { return quoted(text); }
  };
  return std::visit(Print{}, value);
}

}  // namespace

std::string csv_of(const std::vector<Table>& tables) {
  constexpr const char* kTypes[] = {"double", "long", "unsignedLong", "boolean", "string"};
  std::string out, schema;
  std::size_t number = 0;
  for (const Table& table : tables) {
    if (table.rows.empty()) continue;
    const std::string type = kTypes[table.rows.front().second.index()];
    std::string types = "#datatype,string,long", groups = "#group,false,false", defaults = "#default,_result,", names = ",result,table";
    const auto column = [&](const std::string& name, const std::string& of_type, const char* is_group) {
      types += "," + of_type;
      groups += std::string(",") + is_group;
      defaults += ",";
      names += "," + quoted(name);
    };
    if (table.has_bounds) {
      column("_start", "dateTime:RFC3339", "true");
      column("_stop", "dateTime:RFC3339", "true");
    }
    if (table.has_time) column("_time", "dateTime:RFC3339", "false");
    column("_value", type, "false");
    for (const auto& entry : table.key) column(entry.first, "string", "true");
    const std::string head = types + "\r\n" + groups + "\r\n" + defaults + "\r\n" + names + "\r\n";
    if (head != schema) {
      if (!schema.empty()) out += "\r\n";
      out += head;
      schema = head;
    }
    for (const auto& row : table.rows) {
      if (kTypes[row.second.index()] != type) throw Refused("schema collision: cannot group " + type + " with another type");
      out += ",," + std::to_string(number);
      if (table.has_bounds) out += "," + time_text(table.start_ns) + "," + time_text(table.stop_ns);
      if (table.has_time) out += "," + time_text(row.first);
      out += "," + value_text(row.second);
      for (const auto& entry : table.key) out += "," + quoted(entry.second);
      out += "\r\n";
    }
    ++number;
  }
  return out + "\r\n";
}

}  // namespace pv::testing::influxdb
