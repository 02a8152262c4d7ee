#include "base/http_client.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include <fmt/format.h>

#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

#include "base/clock.h"

namespace pv {
namespace {

using Clock = std::chrono::steady_clock;

/// A server that sends a byte a minute may not hold a thread for ever.
constexpr auto kLongestAnswer = std::chrono::minutes(30);
constexpr std::size_t kMostRefusalBytes = 64U << 10;

struct Address {
  std::string origin, path;
};

Result<Address> parse(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  const std::size_t slash = known ? url.find('/', scheme + 3) : std::string::npos;
  Address address{url.substr(0, slash), slash == std::string::npos ? "" : url.substr(slash)};
  while (address.path.ends_with('/')) address.path.pop_back();
  const std::string host = known ? address.origin.substr(scheme + 3) : "";
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && c != '@' && c != '?' && c != '#' && c != '"' && c != '\\'; };
  if (host.empty() || !std::all_of(url.begin(), url.end(), is_plain)) {
    // What stands before an '@' may be a password.
    const std::size_t at = url.rfind('@');
    const std::string shown = at == std::string::npos ? url : "…" + url.substr(at);
    return fail(Errc::invalid_input, fmt::format("'{}' is no address of a server; give one like https://example.org:8086", shown));
  }
  return address;
}

std::string_view words_for(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection: return "no connection (is it running, and is the address right?)";
    case httplib::Error::ConnectionTimeout: return "no connection within the time allowed";
    case httplib::Error::SSLConnection: return "no TLS connection (https to a server that speaks http?)";
    case httplib::Error::SSLLoadingCerts: return "this system's certificates cannot be read";
    case httplib::Error::SSLServerVerification: return "its certificate is not trusted by this system or is not for this name";
    case httplib::Error::Write: return "the connection was cut while the request was sent";
    default: return "no whole answer came in time, or the connection was cut";
  }
}

std::chrono::microseconds fraction(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time % std::chrono::seconds(1));
}

}  // namespace

std::string_view HttpResponse::header(std::string_view lower_case_name) const {
  const auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::int64_t HttpResponse::retry_after_s(std::int64_t now_s) const {
  const std::string text(header("retry-after"));
  if (text.empty()) return 0;
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc{} || end != text.data() + text.size()) {
    std::tm date{};
    if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) return 0;
    seconds = static_cast<std::int64_t>(::timegm(&date)) - now_s;
  }
  return std::clamp<std::int64_t>(seconds, 0, kDay_s);
}

namespace {

/// Cuts the connection of a request that is waited for when the program ends. The question may come down to a flag that a signal sets, which wakes
/// nobody: so it is asked again and again.
class StopWatch {
 public:
  StopWatch(httplib::Client& client, std::function<bool()> is_stopped)
      : client_(&client), is_stopped_(std::move(is_stopped)), thread_([this](const std::stop_token& ended) { watch(ended); }) {}

  void begin() {
    const std::lock_guard lock(mutex_);
    waits_ = true;
    changed_.notify_one();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    waits_ = false;
  }

 private:
  void watch(const std::stop_token& ended) {
    constexpr auto kLook = std::chrono::milliseconds(100), kGrace = std::chrono::milliseconds(2'000);
    auto left = kGrace;
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, ended, [this] { return waits_; })) {
      changed_.wait_for(lock, ended, kLook, [this] { return !waits_; });
      if (!waits_ || !is_stopped_()) continue;
      left -= kLook;
      // Again and again: a connection that was being made when it was cut first is not by that.
      if (left <= std::chrono::milliseconds(0)) client_->stop();
    }
  }

  httplib::Client* client_;
  std::function<bool()> is_stopped_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool waits_ = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace

struct HttpClient::Parts {
  HttpClientOptions options;
  Address address;
  std::unique_ptr<httplib::Client> client;
  std::optional<StopWatch> watch;
};

HttpClient::HttpClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::open(HttpClientOptions options) {
  auto parts = std::make_unique<Parts>();
  PV_TRY(parts->address, parse(options.base_url));
  parts->client = std::make_unique<httplib::Client>(parts->address.origin);
  if (!parts->client->is_valid()) return fail(Errc::invalid_input, fmt::format("'{}' is no address of a server; give one like https://example.org:8086", parts->address.origin));
  httplib::Client& client = *parts->client;
  client.set_keep_alive(true);
  client.set_follow_location(false);
  client.set_url_encode(false);
  client.set_tcp_nodelay(true);
  client.set_connection_timeout(options.connect_time.count() / 1000, static_cast<time_t>(fraction(options.connect_time).count()));
  client.set_read_timeout(options.answer_time.count() / 1000, static_cast<time_t>(fraction(options.answer_time).count()));
  client.set_write_timeout(options.answer_time.count() / 1000, static_cast<time_t>(fraction(options.answer_time).count()));
  if (!options.credential.token.empty()) {
    client.set_bearer_token_auth(options.credential.token.reveal());
  } else if (!options.credential.user.empty()) {
    client.set_basic_auth(options.credential.user, options.credential.password.reveal());
  }
  if (options.is_stopped) parts->watch.emplace(client, options.is_stopped);
  parts->options = std::move(options);
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(parts)));
}

const std::string& HttpClient::base_url() const noexcept { return parts_->options.base_url; }

Result<HttpResponse> HttpClient::send(const HttpRequest& request) { return send(request, {}); }

Result<HttpResponse> HttpClient::send(const HttpRequest& request, const std::function<Result<void>(std::string_view)>& consume) {
  httplib::Request out;
  out.method = request.method;
  out.path = parts_->address.path + request.target;
  for (const auto& [name, value] : request.headers) out.headers.emplace(name, value);
  if (!request.content_type.empty()) out.headers.emplace("Content-Type", request.content_type);
  out.body = request.body;

  HttpResponse answer;
  std::optional<Error> stopped;
  const auto begin = Clock::now();
  out.response_handler = [&answer](const httplib::Response& response) {
    answer.status = response.status;
    return true;
  };
  out.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    const bool hands_on = consume && answer.status / 100 == 2;
    if (Clock::now() - begin > kLongestAnswer) {
      stopped = Error(Errc::unavailable, "the answer took too long");
      return false;
    }
    if (hands_on) {
      if (auto taken = consume({data, size}); !taken) stopped = std::move(taken).error();
      return !stopped;
    }
    const std::size_t most = consume ? kMostRefusalBytes : parts_->options.most_answer_bytes;
    if (answer.body.size() + size > most) {
      if (consume) return true;  // the head of a refusal is enough
      stopped = Error(Errc::invalid_input, fmt::format("the answer is larger than {} bytes", most));
      return false;
    }
    answer.body.append(data, size);
    return true;
  };

  httplib::Response in;
  httplib::Error error = httplib::Error::Success;
  const std::string where = fmt::format("{} {}{}", request.method, parts_->options.base_url, request.target.substr(0, request.target.find('?')));
  const auto is_stopped = [this] { return parts_->options.is_stopped && parts_->options.is_stopped(); };
  constexpr const char* kStopped = "ended by a stop of the program";
  if (is_stopped()) return fail(Errc::unavailable, fmt::format("{}: {}", where, kStopped));
  if (parts_->watch) parts_->watch->begin();
  const bool done = parts_->client->send(out, in, error);
  if (parts_->watch) parts_->watch->end();
  if (!done && !stopped && is_stopped()) return fail(Errc::unavailable, fmt::format("{}: {}", where, kStopped));
  if (stopped) return fail(std::move(*stopped).with(where));
  if (!done) return fail(Errc::unavailable, fmt::format("{}: {}", where, words_for(error)));
  answer.status = in.status;
  for (const auto& [name, value] : in.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers[lower] = value;
  }
  return answer;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

}  // namespace pv
