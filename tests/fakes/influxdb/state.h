#pragma once
/// What the fake InfluxDB holds, and what it answers to a request; HTTP itself is server.cpp's.
///   Threads: the caller keeps to one at a time.

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "fakes/influxdb/points.h"
#include "fakes/influxdb/server.h"

namespace pv::testing::influxdb {

using nlohmann::json;

inline constexpr const char* kPage = "<!doctype html><html><head><title>InfluxDB</title></head><body></body></html>";

struct Asked {
  std::string method, path;
  std::string authorization;                   // header
  std::map<std::string, std::string> params;   // of the query
  [[nodiscard]] bool has(const std::string& name) const { return params.contains(name); }
  [[nodiscard]] std::string param(const std::string& name) const { return has(name) ? params.at(name) : std::string(); }
};

struct Answer {
  int status = 200;
  std::string body = {};
  std::string type = "application/json; charset=utf-8";
  std::string error_code = {};
};

Answer ok(const json& body, int status = 200);
Answer error(int status, const std::string& code, const std::string& message);
Answer invalid(const std::string& message);
Answer unauthorized(const std::string& message = "unauthorized access");
Answer not_found(const std::string& message);
Answer nothing();  // 204

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

struct State {
  ServerOptions options;
  std::uint64_t next_id = 0x0a00'0000'0000'0001;
  std::string organization_id;
  std::vector<std::unique_ptr<Bucket>> buckets;
  std::vector<std::unique_ptr<Token>> tokens;
  std::vector<Task> tasks;

  std::string new_id();
  Bucket* bucket_of(const std::string& name_or_id);
  Bucket& add_bucket(std::string_view name);
  [[nodiscard]] const Token* token_of(const Asked& request) const;
  [[nodiscard]] bool may(const Token& token, std::string_view action, std::string_view type, std::string_view id) const;
  [[nodiscard]] bool is_organization(const Asked& request) const;

  Answer answer(const Asked& request, const std::string& body);

 private:
  Answer write(const Asked& request, const std::string& body);
  Answer query(const Asked& request, const std::string& body, const Token& token);
  Answer erase(const Asked& request, const std::string& body, const Token& token);
  Answer list_buckets(const Asked& request, const Token& token);
  Answer make_bucket(const std::string& body, const Token& token);
  Answer one_bucket(const Asked& request, const Token& token);
  Answer authorizations(const Asked& request, const std::string& body, const Token& token);
  Answer list_tasks(const Asked& request, const Token& token);
  [[nodiscard]] json shown(const Bucket& bucket) const;
  [[nodiscard]] json shown(const Token& token, bool with_text) const;
};

}  // namespace pv::testing::influxdb
