#include "fakes/influxdb/server.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "fakes/influxdb/flux.h"

namespace pv::testing::influxdb {
namespace {

using nlohmann::json;

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr const char* kPage = "<!doctype html><html><head><title>InfluxDB</title></head><body></body></html>";

struct Answer {
  int status = 200;
  std::string body = {};
  std::string type = "application/json; charset=utf-8";
  std::string error_code = {};
};

Answer ok(const json& body, int status = 200) { return {status, body.dump()}; }

Answer error(int status, const std::string& code, const std::string& message) {
  return {status, json{{"code", code}, {"message", message}}.dump(), "application/json; charset=utf-8", code};
}

Answer invalid(const std::string& message) { return error(400, "invalid", message); }
Answer unauthorized(const std::string& message = "unauthorized access") { return error(401, "unauthorized", message); }
Answer not_found(const std::string& message) { return error(404, "not found", message); }
const Answer kNothing{204, "", ""};

bool is_id(const std::string& text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

struct Bucket {
  std::string id, name;
  bool is_system = false;
  json rules = json::array();
  std::int64_t oldest_ns = std::numeric_limits<std::int64_t>::min();
  Points points = {};
};

struct Token {
  std::string id, token, description;
  bool active = true;
  bool may_all = false;
  json permissions = json::array();
};

struct Task {
  std::string id, name;
};

}  // namespace

struct Server::Parts {
  ServerOptions options;
  mutable std::mutex mutex;
  std::unique_ptr<httplib::Server> server;
  std::thread thread;
  int port = 0;
  std::uint64_t next_id = 0x0a00'0000'0000'0001;
  std::string organization_id;
  std::vector<std::unique_ptr<Bucket>> buckets;
  std::vector<std::unique_ptr<Token>> tokens;
  std::vector<Task> tasks;
  std::deque<Fault> faults;
  std::vector<Request> log;

  std::string new_id() {
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(next_id++));
    return text;
  }
  Bucket* bucket_of(const std::string& name_or_id) {
    for (const auto& bucket : buckets) {
      if (is_id(name_or_id) && bucket->id == name_or_id) return bucket.get();
    }
    for (const auto& bucket : buckets) {
      if (bucket->name == name_or_id) return bucket.get();
    }
    return nullptr;
  }
  const Token* token_of(const httplib::Request& request) const {
    const std::string header = request.get_header_value("Authorization");
    const std::size_t space = header.find(' ');
    std::string scheme = header.substr(0, space);
    for (char& c : scheme) c = static_cast<char>(std::tolower(c));
    if (space == std::string::npos || (scheme != "token" && scheme != "bearer")) return nullptr;
    for (const auto& token : tokens) {
      if (token->token == header.substr(space + 1)) return token.get();
    }
    return nullptr;
  }
  [[nodiscard]] bool may(const Token& token, std::string_view action, std::string_view type, std::string_view id) const {
    if (token.may_all) return true;
    return std::any_of(token.permissions.begin(), token.permissions.end(), [&](const json& one) {
      const json& resource = one["resource"];
      const bool for_id = !resource.contains("id") || (!id.empty() && resource["id"] == id);
      return one["action"] == action && resource["type"] == type && for_id;
    });
  }
  /// Nothing when it is this server's organization.
  [[nodiscard]] bool is_organization(const httplib::Request& request) const {
    if (request.has_param("orgID")) return request.get_param_value("orgID") == organization_id;
    return request.has_param("org") && (request.get_param_value("org") == options.organization || request.get_param_value("org") == organization_id);
  }

  Answer answer(const httplib::Request& request, std::string body);
  Answer write(const httplib::Request& request, const std::string& body);
  Answer query(const httplib::Request& request, const std::string& body, const Token& token);
  Answer erase(const httplib::Request& request, const std::string& body, const Token& token);
  Answer list_buckets(const httplib::Request& request, const Token& token);
  Answer make_bucket(const std::string& body, const Token& token);
  Answer authorizations(const httplib::Request& request, const std::string& body, const Token& token);
  Answer list_tasks(const httplib::Request& request, const Token& token);
  [[nodiscard]] json shown(const Bucket& bucket) const {
    return {{"id", bucket.id}, {"orgID", organization_id}, {"type", bucket.is_system ? "system" : "user"}, {"name", bucket.name},
            {"retentionRules", bucket.rules}, {"createdAt", "2026-01-01T00:00:00Z"}};
  }
  [[nodiscard]] json shown(const Token& token, bool with_text) const {
    return {{"id", token.id}, {"token", with_text ? token.token : ""}, {"status", token.active ? "active" : "inactive"},
            {"description", token.description}, {"orgID", organization_id}, {"permissions", token.permissions}};
  }
  void serve(const httplib::Request& request, httplib::Response& response);
};

Answer Server::Parts::answer(const httplib::Request& request, std::string body) {
  const std::string& path = request.path;
  const auto id_after = [&](std::string_view prefix) { return path.substr(prefix.size()); };
  if (path == "/ping") return kNothing;
  if (path == "/health") return ok({{"name", "influxdb"}, {"message", "ready for queries and writes"}, {"status", "pass"}, {"checks", json::array()}, {"version", "v2.9.1"}});
  if (path == "/ready") return ok({{"status", "ready"}});
  if (!path.starts_with("/api/v2/")) return {200, kPage, "text/html; charset=utf-8"};
  if (path == "/api/v2/write" && request.method == "POST") return write(request, body);
  const Token* const token = token_of(request);
  if (token == nullptr || !token->active) return unauthorized();
  if (path == "/api/v2/query" && request.method == "POST") return query(request, body, *token);
  if (path == "/api/v2/delete" && request.method == "POST") return erase(request, body, *token);
  if (path == "/api/v2/me") return token->may_all ? ok({{"name", "operator"}}) : not_found("user not found");
  if (path == "/api/v2/orgs" && request.method == "GET") {
    if (request.has_param("org") && request.get_param_value("org") != options.organization) return not_found("organization name \"" + request.get_param_value("org") + "\" not found");
    if (!may(*token, "read", "orgs", organization_id)) return unauthorized("read:orgs/" + organization_id + " is unauthorized");
    return ok({{"orgs", {{{"id", organization_id}, {"name", options.organization}}}}});
  }
  if (path == "/api/v2/buckets" && request.method == "GET") return list_buckets(request, *token);
  if (path == "/api/v2/buckets" && request.method == "POST") return make_bucket(body, *token);
  if (path.starts_with("/api/v2/buckets/")) {
    const std::string id = id_after("/api/v2/buckets/");
    const auto found = std::find_if(buckets.begin(), buckets.end(), [&](const auto& one) { return one->id == id; });
    if (found == buckets.end()) return not_found("bucket not found");
    if (request.method == "GET") return may(*token, "read", "buckets", id) ? ok(shown(**found)) : unauthorized("read:orgs/buckets is unauthorized");
    if (request.method != "DELETE") return error(405, "method not allowed", "method not allowed");
    if (!may(*token, "write", "buckets", "")) return unauthorized("write:orgs/" + organization_id + "/buckets/" + id + " is unauthorized");
    if ((*found)->is_system) return invalid("system buckets cannot be deleted");
    buckets.erase(found);
    return kNothing;
  }
  if (path.starts_with("/api/v2/authorizations")) return authorizations(request, body, *token);
  if (path == "/api/v2/tasks" && request.method == "GET") return list_tasks(request, *token);
  if (path.starts_with("/api/v2/tasks/") && request.method == "DELETE") {
    if (!may(*token, "write", "tasks", "")) return unauthorized("write:orgs/" + organization_id + "/tasks is unauthorized");
    return std::erase_if(tasks, [&](const Task& task) { return task.id == id_after("/api/v2/tasks/"); }) > 0 ? kNothing : not_found("task not found");
  }
  return error(404, "not found", "path not found");
}

Answer Server::Parts::write(const httplib::Request& request, const std::string& body) {
  const Token* const token = token_of(request);
  if (token == nullptr) return unauthorized();
  if (!token->active) return error(403, "forbidden", "token is inactive");
  if (!request.has_param("org") && !request.has_param("orgID")) return invalid("Please provide either orgID or org");
  if (!is_organization(request)) return not_found("organization not found");
  if (!request.has_param("bucket")) return not_found("bucket not found");
  Bucket* const bucket = bucket_of(request.get_param_value("bucket"));
  if (bucket == nullptr) return not_found("bucket \"" + request.get_param_value("bucket") + "\" not found");
  if (!may(*token, "write", "buckets", bucket->id)) return error(403, "forbidden", "insufficient permissions for write");
  const std::string precision = request.has_param("precision") ? request.get_param_value("precision") : "ns";
  const std::map<std::string, std::int64_t> kUnits = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", kSecond_ns}};
  if (!kUnits.contains(precision)) return invalid("invalid precision; valid precision units are ns, us, ms, and s");
  if (body.size() > options.most_body_bytes) return error(413, "request too large", "unable to read data: points batch is too large");
  std::vector<Point> points;
  std::string unparsable;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    const std::string line = body.substr(at, end - at);
    at = end + 1;
    std::optional<Point> point;
    if (const std::string why = read_line(line, kUnits.at(precision), point); !why.empty()) {
      unparsable += (unparsable.empty() ? "unable to parse '" : "\nunable to parse '") + line + "': " + why;
    } else if (point) {
      points.push_back(std::move(*point));
    }
  }
  if (!unparsable.empty()) return invalid(unparsable);
  std::size_t dropped = 0;
  std::string first;
  for (const Point& point : points) {
    const std::string why = point.time_ns < bucket->oldest_ns ? "points beyond retention policy" : bucket->points.add(point);
    if (why.empty()) continue;
    ++dropped;
    if (first.empty()) first = why;
  }
  if (dropped == 0) return kNothing;
  return error(422, "unprocessable entity",
               "failure writing points to database: partial write: " + first + " dropped=" + std::to_string(dropped) + " for database: " + bucket->id +
                   " for retention policy: autogen");
}

Answer Server::Parts::query(const httplib::Request& request, const std::string& body, const Token& token) {
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

Answer Server::Parts::erase(const httplib::Request& request, const std::string& body, const Token& token) {
  if (!is_organization(request)) return not_found("organization not found");
  Bucket* const bucket = bucket_of(request.get_param_value("bucket"));
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
  return kNothing;
}

Answer Server::Parts::list_buckets(const httplib::Request& request, const Token& token) {
  if (request.has_param("name")) {
    if (!is_organization(request)) return ok({{"buckets", json::array()}});
    for (const auto& bucket : buckets) {
      if (bucket->name == request.get_param_value("name") && may(token, "read", "buckets", bucket->id)) return ok({{"buckets", {shown(*bucket)}}, {"links", json::object()}});
    }
    return not_found("bucket \"" + request.get_param_value("name") + "\" not found");
  }
  const std::string limit_text = request.has_param("limit") ? request.get_param_value("limit") : "20";
  const int limit = std::atoi(limit_text.c_str());
  if (limit < 1 || limit > 100) return invalid("limit must be between 1 and 100");
  // The permission filter comes after paging: a short page is not the last one.
  json list = json::array();
  int seen = 0;
  bool more = false;
  std::string last;
  for (const auto& bucket : buckets) {
    if (request.has_param("after") && bucket->id <= request.get_param_value("after")) continue;
    if (seen == limit) {
      more = true;
      break;
    }
    ++seen;
    last = bucket->id;
    if (may(token, "read", "buckets", bucket->id)) list.push_back(shown(*bucket));
  }
  json links = json::object();
  if (more) links["next"] = "/api/v2/buckets?after=" + last;
  return ok({{"buckets", list}, {"links", links}});
}

Answer Server::Parts::make_bucket(const std::string& body, const Token& token) {
  const json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object() || !wanted.contains("orgID") || wanted["orgID"] != organization_id) return invalid("organization id is required");
  const std::string name = wanted.value("name", "");
  if (name.empty() || name.starts_with("_") || name.find('"') != std::string::npos) return invalid("bucket name \"" + name + "\" is invalid");
  if (!may(token, "write", "buckets", "")) return unauthorized("write:orgs/" + organization_id + "/buckets is unauthorized");
  const json rules = wanted.value("retentionRules", json::array());
  if (rules.size() > 1) return error(422, "unprocessable entity", "expected one retention rule");
  if (!rules.empty() && rules[0].value("everySeconds", 0) > 0 && rules[0].value("everySeconds", 0) < 3'600) return error(500, "internal error", "retention policy duration must be at least 1h0m0s");
  for (const auto& bucket : buckets) {
    if (bucket->name == name) return error(422, "conflict", "bucket with name " + name + " already exists");
  }
  Bucket& bucket = *buckets.emplace_back(std::make_unique<Bucket>());
  bucket.id = new_id();
  bucket.name = name;
  bucket.rules = rules;
  return ok(shown(bucket), 201);
}

Answer Server::Parts::authorizations(const httplib::Request& request, const std::string& body, const Token& token) {
  constexpr std::string_view kPath = "/api/v2/authorizations";
  const std::string id = request.path.size() > kPath.size() ? request.path.substr(kPath.size() + 1) : "";
  const bool shows_text = options.tokens == Tokens::plain;
  const std::string action = request.method == "GET" ? "read" : "write";
  if (!may(token, action, "authorizations", "")) return unauthorized(action + ":authorizations is unauthorized");
  if (id.empty() && request.method == "GET") {
    json list = json::array();
    for (const auto& one : tokens) list.push_back(shown(*one, shows_text));
    return ok({{"authorizations", list}});
  }
  if (id.empty() && request.method == "POST") {
    const json wanted = json::parse(body, nullptr, false);
    if (!wanted.is_object() || wanted.value("orgID", "") != organization_id) return invalid("organization id is required");
    const json permissions = wanted.value("permissions", json::array());
    if (permissions.empty()) return invalid("at least one permission is required");
    for (const json& one : permissions) {
      const std::string type = one["resource"].value("type", ""), of = one["resource"].value("id", "");
      if (!may(token, one.value("action", ""), type, of)) return error(403, "forbidden", "permission " + one.dump() + " is not allowed");
    }
    Token& made = *tokens.emplace_back(std::make_unique<Token>());
    made.id = new_id();
    made.token = "token-" + made.id + "==";
    made.description = wanted.value("description", "");
    made.active = wanted.value("status", "active") == "active";
    made.permissions = permissions;
    return ok(shown(made, true), 201);
  }
  const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const auto& one) { return one->id == id; });
  if (found == tokens.end()) return not_found("authorization not found");
  if (request.method == "GET") return ok(shown(**found, shows_text));
  if (request.method == "DELETE") {
    tokens.erase(found);
    return kNothing;
  }
  if (request.method != "PATCH") return error(405, "method not allowed", "method not allowed");
  const json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object()) return invalid("failed to decode request body");
  (*found)->active = wanted.value("status", (*found)->active ? "active" : "inactive") == "active";
  (*found)->description = wanted.value("description", (*found)->description);
  return ok(shown(**found, shows_text));
}

Answer Server::Parts::list_tasks(const httplib::Request& request, const Token& token) {
  if (!may(token, "read", "tasks", "")) return unauthorized("read:orgs/" + organization_id + "/tasks is unauthorized");
  const int limit = request.has_param("limit") ? std::atoi(request.get_param_value("limit").c_str()) : 100;
  if (limit < 1 || limit > 500) return invalid("limit must be between 1 and 500");
  json list = json::array();
  for (const Task& task : tasks) {
    if (request.has_param("name") && task.name != request.get_param_value("name")) continue;
    if (request.has_param("after") && task.id <= request.get_param_value("after")) continue;
    if (static_cast<int>(list.size()) == limit) break;
    list.push_back({{"id", task.id}, {"name", task.name}, {"orgID", organization_id}, {"status", "active"}, {"lastRunStatus", "success"}});
  }
  return ok({{"tasks", list}});
}

void Server::Parts::serve(const httplib::Request& request, httplib::Response& response) {
  std::optional<Fault> fault;
  std::size_t entry = 0;
  {
    const std::lock_guard lock(mutex);
    const auto found = std::find_if(faults.begin(), faults.end(), [&](const Fault& one) { return request.path.starts_with(one.path); });
    if (found != faults.end()) {
      fault = *found;
      faults.erase(found);
    }
    const std::string header = request.get_header_value("Authorization");
    entry = log.size();
    log.push_back({request.method, request.target, 0, header.substr(std::min(header.size(), header.find(' ') + 1))});
  }
  const auto cut = [&response] {
    response.set_content_provider(1'000, "application/json", [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
  };
  if (fault && fault->kind == Fault::Kind::slow) std::this_thread::sleep_for(std::chrono::milliseconds(fault->slow_ms));
  Answer answer;
  if (fault && fault->kind == Fault::Kind::cut_before) return cut();
  if (fault && fault->kind == Fault::Kind::broken_chunk) {
    response.set_chunked_content_provider("text/csv; charset=utf-8", [](std::size_t offset, httplib::DataSink& sink) {
      if (offset > 0) return false;
      const std::string_view part = "#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,1\r\n";
      return sink.write(part.data(), part.size());
    });
    return;
  }
  if (fault && fault->kind == Fault::Kind::page) {
    answer = {200, kPage, "text/html; charset=utf-8"};
  } else if (fault && fault->kind == Fault::Kind::status) {
    answer = error(fault->status, "internal error", "injected");
    if (!fault->retry_after.empty()) response.set_header("Retry-After", fault->retry_after);
  } else {
    const std::lock_guard lock(mutex);
    answer = this->answer(request, request.body);
  }
  if (fault && fault->kind == Fault::Kind::cut_after) return cut();
  response.status = answer.status;
  response.set_header("X-Influxdb-Build", "OSS");
  response.set_header("X-Influxdb-Version", "v2.9.1");
  if (!answer.error_code.empty()) response.set_header("X-Platform-Error-Code", answer.error_code);
  if (!answer.type.empty()) response.set_content(answer.body, answer.type);
  const std::lock_guard lock(mutex);
  if (entry < log.size()) log[entry].status = answer.status;
}

Server::Server(ServerOptions options) : parts_(std::make_unique<Parts>()) {
  parts_->options = std::move(options);
  parts_->organization_id = parts_->new_id();
  Token& all = *parts_->tokens.emplace_back(std::make_unique<Token>());
  all.id = parts_->new_id();
  all.token = parts_->options.operator_token;
  all.description = "operator's token";
  all.may_all = true;
  all.permissions = json::array({{{"action", "read"}, {"resource", {{"type", "orgs"}}}}, {{"action", "write"}, {"resource", {{"type", "buckets"}}}}});
  for (const char* name : {"_tasks", "_monitoring"}) {
    Bucket& bucket = *parts_->buckets.emplace_back(std::make_unique<Bucket>());
    bucket.id = parts_->new_id();
    bucket.name = name;
    bucket.is_system = true;
  }
}

Server::~Server() { stop(); }

void Server::start(int port) {
  if (parts_->server != nullptr) return;
  parts_->server = std::make_unique<httplib::Server>();
  httplib::Server& server = *parts_->server;
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(100'000);
  server.set_keep_alive_timeout(1);  // stop() waits for as long
  server.set_payload_max_length(256U << 20);
  const auto serve = [parts = parts_.get()](const httplib::Request& request, httplib::Response& response) { parts->serve(request, response); };
  server.Get(".*", serve).Post(".*", serve).Patch(".*", serve).Put(".*", serve).Delete(".*", serve);
  if (port == 0) port = parts_->port;
  if (port == 0) {
    port = server.bind_to_any_port("127.0.0.1");
  } else if (!server.bind_to_port("127.0.0.1", port)) {
    port = -1;
  }
  if (port <= 0) throw std::runtime_error("the fake InfluxDB cannot listen");
  parts_->port = port;
  parts_->thread = std::thread([&server] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void Server::stop() {
  if (parts_->server == nullptr) return;
  parts_->server->stop();
  parts_->thread.join();
  parts_->server.reset();
}

std::string Server::url() const { return "http://127.0.0.1:" + std::to_string(parts_->port); }
const ServerOptions& Server::options() const noexcept { return parts_->options; }

void Server::fail_next(int count, const Fault& fault) {
  const std::lock_guard lock(parts_->mutex);
  for (int i = 0; i < count; ++i) parts_->faults.push_back(fault);
}

void Server::clear_faults() {
  const std::lock_guard lock(parts_->mutex);
  parts_->faults.clear();
}

std::vector<Request> Server::requests() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->log;
}

void Server::forget_requests() {
  const std::lock_guard lock(parts_->mutex);
  parts_->log.clear();
}

std::vector<Stored> Server::points(std::string_view bucket) const {
  const std::lock_guard lock(parts_->mutex);
  std::vector<Stored> all;
  const Bucket* const found = parts_->bucket_of(std::string(bucket));
  if (found == nullptr) return all;
  for (const auto& [key, values] : found->points.series()) {
    for (const auto& [time_ns, value] : values) all.push_back({key.measurement, key.tags, key.field, time_ns / kSecond_ns, value});
  }
  return all;
}

std::size_t Server::count(std::string_view bucket) const { return points(bucket).size(); }

std::vector<std::string> Server::buckets() const {
  const std::lock_guard lock(parts_->mutex);
  std::vector<std::string> names;
  for (const auto& bucket : parts_->buckets) names.push_back(bucket->name);
  return names;
}

void Server::given(std::string_view bucket, std::string_view lines) {
  const std::lock_guard lock(parts_->mutex);
  Bucket* found = parts_->bucket_of(std::string(bucket));
  if (found == nullptr) {
    found = parts_->buckets.emplace_back(std::make_unique<Bucket>()).get();
    found->id = parts_->new_id();
    found->name = bucket;
  }
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::optional<Point> point;
    std::string why = read_line(lines.substr(0, end), kSecond_ns, point);
    if (why.empty() && point) why = found->points.add(*point);
    if (!why.empty()) throw std::runtime_error(std::string(lines.substr(0, end)) + ": " + why);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

void Server::keep_only_from(std::string_view bucket, std::int64_t time_s) {
  const std::lock_guard lock(parts_->mutex);
  if (Bucket* const found = parts_->bucket_of(std::string(bucket))) found->oldest_ns = time_s * kSecond_ns;
}

std::string Server::given_token(std::string_view description, std::string_view permissions_json) {
  const std::lock_guard lock(parts_->mutex);
  Token& made = *parts_->tokens.emplace_back(std::make_unique<Token>());
  made.id = parts_->new_id();
  made.token = "token-" + made.id + "==";
  made.description = description;
  made.permissions = json::parse(permissions_json);
  return made.token;
}

void Server::given_task(std::string_view name) {
  const std::lock_guard lock(parts_->mutex);
  parts_->tasks.push_back({parts_->new_id(), std::string(name)});
}

}  // namespace pv::testing::influxdb
