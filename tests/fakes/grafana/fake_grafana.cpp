#include "fakes/grafana/fake_grafana.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

// As the client in base: one library in a program.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "fakes/grafana/world.h"

namespace pv::testing {
namespace {

using grafana::Call;
using grafana::Caller;
using grafana::Reply;
using grafana::World;

constexpr int kFailuresThatLock = 5;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = (c | 0x20) - 'a';
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/// Nothing: not percent-encoded as it has to be.
std::optional<std::string> decoded(const std::string& text, bool is_query) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '%' && at + 2 < text.size() && digit(text[at + 1]) >= 0 && digit(text[at + 2]) >= 0) {
      out += static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2]));
      at += 2;
    } else if (c == '%' || c <= ' ' || c == '"' || c == 0x7f) {
      return std::nullopt;
    } else {
      out += is_query && c == '+' ? ' ' : c;
    }
  }
  return out;
}

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    if (to > from) parts.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

std::string base64_decoded(const std::string& text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
    if (value == std::string::npos) break;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xff);
    }
  }
  return out;
}

/// Fills path and query; false when they are not encoded as they have to be.
bool read_target(const std::string& target, Call& call) {
  const std::size_t mark = target.find('?');
  for (const std::string& part : parts_of(target.substr(0, mark), '/')) {
    const auto text = decoded(part, false);
    if (!text) return false;
    call.path.push_back(*text);
  }
  if (mark == std::string::npos) return true;
  for (const std::string& part : parts_of(target.substr(mark + 1), '&')) {
    const std::size_t sign = std::min(part.find('='), part.size());
    const auto value = decoded(part.substr(std::min(sign + 1, part.size())), true);
    if (!value) return false;
    call.query[part.substr(0, sign)] = *value;
  }
  return true;
}

}  // namespace

struct FakeGrafana::Parts {
  mutable std::mutex mutex;
  World world{{}};
  std::vector<Request> log;
  std::size_t counted = 0, wrong_at = 0, meanwhile_at = 0;
  bool is_held = false;
  std::condition_variable let_go;
  Fault fault = Fault::refuse;
  std::function<void()> meanwhile;
  httplib::Server server;
  int port = 0;
  std::thread thread;

  /// Who calls; a refusal when nobody who is known.
  std::optional<Reply> authenticate(const httplib::Request& request, Call& call) {
    const Reply refused = grafana::refusal(401, "Invalid username or password");
    const std::string authorization = request.get_header_value("Authorization");
    const std::string org = request.get_header_value("X-Grafana-Org-Id");
    Caller& caller = call.caller;
    if (authorization.starts_with("Bearer ")) {
      const auto token = world.tokens.find(authorization.substr(7));
      if (token == world.tokens.end()) return refused;
      if (!org.empty() && org != std::to_string(token->second.org)) return refused;
      caller = {0, token->second.org, token->second.role, false};
      return std::nullopt;
    }
    if (!authorization.starts_with("Basic ")) return refused;
    const std::string pair = base64_decoded(authorization.substr(6));
    const std::size_t colon = std::min(pair.find(':'), pair.size());
    const std::int64_t id = world.user_called(pair.substr(0, colon));
    if (id == 0) return refused;
    grafana::User& user = world.users[id];
    if (user.failures >= kFailuresThatLock || user.password != pair.substr(std::min(colon + 1, pair.size()))) {
      ++user.failures;
      return refused;
    }
    user.failures = 0;
    const bool is_server_level = call.path[0] == "orgs" || call.path[0] == "users" || call.path[0] == "admin" || call.path[0] == "health";
    caller = {id, org.empty() ? user.active_org : std::stoll(org), "", user.is_server_admin};
    const auto found = world.orgs.find(caller.org);
    if (found != world.orgs.end() && found->second.members.contains(id)) caller.role = found->second.members.at(id);
    else if (!is_server_level) return refused;
    return std::nullopt;
  }

  Reply answer(const httplib::Request& request) {
    Call call;
    call.method = request.method;
    call.body = request.body;
    if (!read_target(request.target, call) || call.path.size() < 2 || call.path[0] != "api") return grafana::refusal(400, "Bad Request");
    call.path.erase(call.path.begin());
    if (call.path[0] == "health") {
      return {200, nlohmann::json{{"database", "ok"}, {"version", std::to_string(world.options.version) + ".1.0"}, {"commit", "fake"}}.dump()};
    }
    if (const auto refused = authenticate(request, call)) return *refused;
    if (!request.body.empty() && call.path[0] != "datasources" && request.get_header_value("Content-Type").find("application/json") == std::string::npos) {
      return grafana::refusal(400, "bad request data");
    }
    try {
      for (const auto& route : {grafana::people, grafana::content, grafana::sources}) {
        if (const auto reply = route(world, call)) return *reply;
      }
    } catch (const nlohmann::json::exception&) {
      return grafana::refusal(400, "bad request data");
    }
    return grafana::refusal(404, grafana::kUnknownRoute);
  }

  void handle(const httplib::Request& request, httplib::Response& response) {
    std::optional<Fault> wrong;
    std::function<void()> first;
    {
      std::unique_lock lock(mutex);
      let_go.wait(lock, [this] { return !is_held; });
      ++counted;
      if (counted == wrong_at) wrong = fault;
      if (counted == meanwhile_at) first = std::move(meanwhile);
    }
    // Without the lock: what happens meanwhile asks this very server.
    if (first) first();
    Reply reply{500, R"({"message":"Internal Server Error"})"};
    int silence_ms = 0;
    {
      const std::lock_guard lock(mutex);
      silence_ms = world.options.silence_ms;
      const bool is_done = wrong != Fault::refuse && wrong != Fault::page;
      if (is_done) reply = answer(request);
      log.push_back({request.method, request.target, reply.status, is_done && request.method != "GET" && reply.status / 100 == 2, reply.body.find(grafana::kUnknownRoute) == std::string::npos});
    }
    response.status = reply.status;
    if (wrong == Fault::silent_after || wrong == Fault::slow) std::this_thread::sleep_for(std::chrono::milliseconds(wrong == Fault::slow ? 5 : silence_ms));
    if (wrong == Fault::page) {
      response.status = 200;
      response.set_content("<!DOCTYPE html><title>Grafana</title>", "text/html");
    } else if (wrong == Fault::broken_after) {
      response.set_content(reply.body.size() > 2 ? reply.body.substr(0, reply.body.size() / 2) : "{", "application/json");
    } else if (wrong == Fault::cut_after) {
      response.set_content_provider(
          reply.body.size() + 10, "application/json", [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
    } else {
      response.set_content(reply.body, "application/json");
    }
  }
};

FakeGrafana::FakeGrafana(FakeGrafanaOptions options) : parts_(std::make_unique<Parts>()) {
  Parts& parts = *parts_;
  parts.world = World(options);
  parts.server.new_task_queue = [] { return new httplib::ThreadPool(8); };
  parts.server.set_keep_alive_max_count(100'000);
  parts.server.set_keep_alive_timeout(1);
  parts.server.set_tcp_nodelay(true);
  const auto handler = [&parts](const httplib::Request& request, httplib::Response& response) { parts.handle(request, response); };
  parts.server.Get(".*", handler);
  parts.server.Post(".*", handler);
  parts.server.Put(".*", handler);
  parts.server.Patch(".*", handler);
  parts.server.Delete(".*", handler);
  parts.port = parts.server.bind_to_any_port("127.0.0.1");
  if (parts.port <= 0) throw std::runtime_error("the fake Grafana gets no port");
  parts.thread = std::thread([&parts] { parts.server.listen_after_bind(); });
  while (!parts.server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

FakeGrafana::~FakeGrafana() {
  let_go();
  parts_->server.stop();
  parts_->thread.join();
}

std::string FakeGrafana::url() const { return "http://127.0.0.1:" + std::to_string(parts_->port); }

void FakeGrafana::reset(FakeGrafanaOptions options) {
  const std::lock_guard lock(parts_->mutex);
  parts_->world = World(options);
  parts_->log.clear();
  parts_->counted = parts_->wrong_at = parts_->meanwhile_at = 0;
}

std::vector<FakeGrafana::Request> FakeGrafana::requests() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->log;
}

std::size_t FakeGrafana::changes() const {
  const std::lock_guard lock(parts_->mutex);
  return static_cast<std::size_t>(std::count_if(parts_->log.begin(), parts_->log.end(), [](const Request& request) { return request.is_change; }));
}

void FakeGrafana::forget_requests() {
  const std::lock_guard lock(parts_->mutex);
  parts_->log.clear();
}

void FakeGrafana::go_wrong(std::size_t nth, Fault fault) {
  const std::lock_guard lock(parts_->mutex);
  parts_->wrong_at = parts_->counted + nth;
  parts_->fault = fault;
}

void FakeGrafana::meanwhile(std::size_t nth, std::function<void()> what) {
  const std::lock_guard lock(parts_->mutex);
  parts_->meanwhile_at = parts_->counted + nth;
  parts_->meanwhile = std::move(what);
}

void FakeGrafana::hold() {
  const std::lock_guard lock(parts_->mutex);
  parts_->is_held = true;
}

void FakeGrafana::let_go() {
  const std::lock_guard lock(parts_->mutex);
  parts_->is_held = false;
  parts_->let_go.notify_all();
}

std::string FakeGrafana::state() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->world.state();
}

std::size_t FakeGrafana::dashboard_versions() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->world.dashboard_versions;
}

std::string FakeGrafana::service_account(std::int64_t organization, const std::string& role) {
  const std::lock_guard lock(parts_->mutex);
  const std::string token = "glsa_" + std::to_string(parts_->world.next());
  parts_->world.tokens[token] = {organization, role};
  return token;
}

void FakeGrafana::make_read_only(std::int64_t organization, const std::string& datasource_uid) {
  const std::lock_guard lock(parts_->mutex);
  parts_->world.datasources.at({organization, datasource_uid}).is_read_only = true;
}

void FakeGrafana::store_in_new_format(std::int64_t organization, const std::string& dashboard_uid) {
  const std::lock_guard lock(parts_->mutex);
  parts_->world.dashboards.at({organization, dashboard_uid}).is_new_format = true;
}

std::string FakeGrafana::secret_of(std::int64_t organization, const std::string& datasource_uid, const std::string& name) const {
  const std::lock_guard lock(parts_->mutex);
  const auto& secrets = parts_->world.datasources.at({organization, datasource_uid}).secrets;
  return secrets.contains(name) ? secrets.at(name) : "";
}

std::int64_t FakeGrafana::organization(const std::string& name) const {
  const std::lock_guard lock(parts_->mutex);
  for (const auto& [id, org] : parts_->world.orgs) {
    if (org.name == name) return id;
  }
  return 0;
}

bool FakeGrafana::accepts(const std::string& login, const std::string& password) const {
  const std::lock_guard lock(parts_->mutex);
  const std::int64_t id = parts_->world.user_called(login);
  return id != 0 && parts_->world.users.at(id).password == password;
}

void FakeGrafana::forward_to(std::function<std::string(const Forwarded&)> upstream) {
  const std::lock_guard lock(parts_->mutex);
  parts_->world.upstream = std::move(upstream);
}

}  // namespace pv::testing
