#include "fakes/influxdb/state.h"

#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include "fakes/influxdb/flux.h"

namespace pv::testing::influxdb {

Answer State::write(const Asked& request, const std::string& body) {
  const Token* const token = token_of(request);
  if (token == nullptr) return unauthorized();
  if (!token->active) return error(403, "forbidden", "token is inactive");
  if (!request.has("org") && !request.has("orgID")) return invalid("Please provide either orgID or org");
  if (!is_organization(request)) return not_found("organization not found");
  if (!request.has("bucket")) return not_found("bucket not found");
  Bucket* const bucket = bucket_of(request.param("bucket"));
  if (bucket == nullptr) return not_found("bucket \"" + request.param("bucket") + "\" not found");
  if (!may(*token, "write", "buckets", bucket->id)) return error(403, "forbidden", "insufficient permissions for write");
  const std::string precision = request.has("precision") ? request.param("precision") : "ns";
  const std::map<std::string, std::int64_t> kUnits = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", kSecond_ns}};
  if (!kUnits.contains(precision)) return invalid("invalid precision; valid precision units are ns, us, ms, and s");
  if (body.size() > options.most_body_bytes) return error(413, "request too large", "unable to read data: points batch is too large");
  std::vector<Point> points;
  std::string unparsable;
  std::size_t bad = 0;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    const std::string line = body.substr(at, end - at);
    at = end + 1;
    std::optional<Point> point;
    if (const std::string why = read_line(line, kUnits.at(precision), point); !why.empty()) {
      ++bad;
      if (bad <= options.most_named_lines) unparsable += (unparsable.empty() ? "unable to parse '" : "\nunable to parse '") + line + "': " + why;
    } else if (point) {
      points.push_back(std::move(*point));
    }
  }
  if (bad > 0) return invalid(unparsable.empty() ? "some line cannot be parsed" : unparsable);
  std::size_t dropped = 0;
  std::string first;
  for (const Point& point : points) {
    const std::string why = point.time_ns < bucket->oldest_ns ? "points beyond retention policy" : bucket->points.add(point);
    if (why.empty()) continue;
    ++dropped;
    if (first.empty()) first = why;
  }
  if (dropped == 0) return nothing();
  return error(422, "unprocessable entity",
               "failure writing points to database: partial write: " + first + " dropped=" + std::to_string(dropped) + " for database: " + bucket->id +
                   " for retention policy: autogen");
}

Answer State::query(const Asked& request, const std::string& body, const Token& token) {
  if (!is_organization(request)) return invalid("failed to decode request body: organization not found");
  const json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object() || !wanted.contains("query") || wanted.value("type", "flux") != "flux") return invalid("failed to decode request body");
  const json annotations = wanted.value("dialect", json::object()).value("annotations", json::array());
  if (annotations != json{"datatype", "group", "default"}) return invalid("this fake answers with all annotations only");
  const FluxAnswer answer = run_flux(wanted["query"].get<std::string>(), [&](const std::string& name) -> const Points* {
    const Bucket* const bucket = bucket_of(name);
    return bucket != nullptr && may(token, "read", "buckets", bucket->id) ? &bucket->points : nullptr;
  });
  if (answer.status == 200) return {200, answer.text, "text/csv; charset=utf-8"};
  return error(answer.status, answer.status == 404 ? "not found" : "invalid", answer.text);
}

Answer State::erase(const Asked& request, const std::string& body, const Token& token) {
  if (!is_organization(request)) return not_found("organization not found");
  Bucket* const bucket = bucket_of(request.param("bucket"));
  if (bucket == nullptr) return not_found("bucket not found");
  if (!may(token, "write", "buckets", bucket->id)) return error(403, "forbidden", "insufficient permissions to delete");
  const json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object() || !wanted.contains("start") || !wanted.contains("stop")) return invalid("invalid request; error parsing request json");
  const auto time_ns = [&](const char* key) {
    std::tm time{};
    const std::string text = wanted[key].get<std::string>();
    const char* const end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
    return end == nullptr || *end != '\0' ? std::optional<std::int64_t>() : std::optional<std::int64_t>(::timegm(&time) * kSecond_ns);
  };
  const auto from = time_ns("start"), to = time_ns("stop");
  if (!from || !to) return invalid("invalid RFC3339Nano for field");
  Tags tags;
  std::string predicate = wanted.value("predicate", "");
  while (!predicate.empty()) {
    const std::size_t equals = predicate.find("=\"");
    if (equals == std::string::npos) return invalid("bad predicate");
    const std::string name = predicate.substr(0, equals);
    if (name == "_field") return error(501, "not implemented", "predicate _field is not supported");
    if (name.find(' ') != std::string::npos || name.find('!') != std::string::npos) return invalid("bad logical expression");
    std::size_t end = equals + 2;
    for (; end < predicate.size() && predicate[end] != '"'; ++end) {
      if (predicate[end] == '\\' && end + 1 < predicate.size()) ++end;
      tags[name] += predicate[end];
    }
    if (end >= predicate.size()) return invalid("bad predicate");
    predicate.erase(0, end + 1);
    if (predicate.empty()) break;
    if (!predicate.starts_with(" AND ")) return invalid("the logical operator OR is not supported yet");
    predicate.erase(0, 5);
  }
  bucket->points.remove(*from, *to, tags);
  return nothing();
}

}  // namespace pv::testing::influxdb
