#include "fakes/influxdb/server.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

#include "fakes/influxdb/state.h"

namespace pv::testing::influxdb {

struct Server::Parts {
  State state;  // guarded by mutex, as what follows
  std::deque<Fault> faults;
  std::vector<Request> log;
  mutable std::mutex mutex;
  std::unique_ptr<httplib::Server> server;
  std::thread thread;
  int port = 0;

  void serve(const httplib::Request& request, httplib::Response& response);
};

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
    log.push_back({request.method, request.target, 0, header.substr(std::min(header.size(), header.find(' ') + 1)), request.get_header_value("Content-Encoding")});
  }
  const auto cut = [&response] {
    response.set_content_provider(1'000, "application/json", [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
  };
  if (fault && fault->kind == Fault::Kind::slow) std::this_thread::sleep_for(std::chrono::milliseconds(fault->slow_ms));
  Asked asked{request.method, request.path, request.get_header_value("Authorization"), {}};
  for (const auto& [name, value] : request.params) asked.params.emplace(name, value);
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
    answer = state.answer(asked, request.body);
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
  parts_->state.options = std::move(options);
  parts_->state.organization_id = parts_->state.new_id();
  Token& all = *parts_->state.tokens.emplace_back(std::make_unique<Token>());
  all.id = parts_->state.new_id();
  all.token = parts_->state.options.operator_token;
  all.description = "operator's token";
  all.may_all = true;
  all.permissions = json::array({{{"action", "read"}, {"resource", {{"type", "orgs"}}}}, {{"action", "write"}, {"resource", {{"type", "buckets"}}}}});
  for (const char* name : {"_tasks", "_monitoring"}) {
    parts_->state.add_bucket(name).is_system = true;
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
const ServerOptions& Server::options() const noexcept { return parts_->state.options; }

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
  const Bucket* const found = parts_->state.bucket_of(std::string(bucket));
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
  for (const auto& bucket : parts_->state.buckets) names.push_back(bucket->name);
  return names;
}

void Server::given(std::string_view bucket, std::string_view lines) {
  const std::lock_guard lock(parts_->mutex);
  Bucket* found = parts_->state.bucket_of(std::string(bucket));
  if (found == nullptr) found = &parts_->state.add_bucket(bucket);
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
  if (Bucket* const found = parts_->state.bucket_of(std::string(bucket))) found->oldest_ns = time_s * kSecond_ns;
}

std::string Server::given_token(std::string_view description, std::string_view permissions_json) {
  const std::lock_guard lock(parts_->mutex);
  Token& made = *parts_->state.tokens.emplace_back(std::make_unique<Token>());
  made.id = parts_->state.new_id();
  made.token = "token-" + made.id + "==";
  made.description = description;
  made.permissions = json::parse(permissions_json);
  return made.token;
}

void Server::given_task(std::string_view name) {
  const std::lock_guard lock(parts_->mutex);
  parts_->state.tasks.push_back({parts_->state.new_id(), std::string(name)});
}

std::vector<std::string> Server::tasks() const {
  const std::lock_guard lock(parts_->mutex);
  std::vector<std::string> names;
  for (const Task& task : parts_->state.tasks) names.push_back(task.name);
  return names;
}

void Server::drop_bucket(std::string_view bucket) {
  const std::lock_guard lock(parts_->mutex);
  std::erase_if(parts_->state.buckets, [&](const auto& one) { return one->name == bucket; });
}

void Server::remove(std::string_view bucket, std::int64_t from_s, std::int64_t to_s) {
  const std::lock_guard lock(parts_->mutex);
  if (Bucket* const found = parts_->state.bucket_of(std::string(bucket))) found->points.remove(from_s * kSecond_ns, to_s * kSecond_ns, {});
}

}  // namespace pv::testing::influxdb
