#include "victoria/server.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include "base/clock.h"
#include "base/http_client.h"

namespace pv::victoria {
namespace {

using namespace std::chrono_literals;

constexpr auto kShowTime = 3s;  // a cluster shows new samples after a second, new series a little later
constexpr auto kPersistTime = 6s;  // rows lie in memory for up to five
constexpr std::int64_t kLeastPause_s = 1;

Result<std::string> gzipped(std::string_view text) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (deflateInit2(&stream, 1, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) return fail(Errc::io, "zlib has no memory");
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) return fail(Errc::io, "zlib did not end");
  return out;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// One line of at most 200 bytes without control characters.
std::string shortened(std::string_view words) {
  std::string text(words.substr(0, 200));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

HttpRequest form_request(std::string target, std::string form) {
  return {.method = "POST", .target = std::move(target), .body = std::move(form), .content_type = "application/x-www-form-urlencoded"};
}

}  // namespace

Server::Server(std::unique_ptr<HttpClient> writer, std::unique_ptr<HttpClient> reader, Paths paths)
    : writer_(std::move(writer)), reader_(std::move(reader)), paths_(std::move(paths)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(const Options& options) {
  const std::string write_url = without_slash(options.write_url);
  std::string read_url = without_slash(options.read_url);
  if (write_url.empty() || read_url.empty()) {
    return fail(Errc::invalid_input, "VictoriaMetrics: set victoriametrics.url, or victoriametrics.write_url and victoriametrics.read_url");
  }
  Paths paths;
  if (const std::size_t select = read_url.find("/select/"); select != std::string::npos) {
    paths.is_cluster = true;
    paths.read = read_url.substr(select);
    paths.erase = "/delete/" + paths.read.substr(8);
    read_url.resize(select);
    if (!paths.read.ends_with("/prometheus")) {
      return fail(Errc::invalid_input,
                  fmt::format("victoriametrics.read_url of a cluster ends in /select/<account>/prometheus, not in {}", paths.read));
    }
  }
  if (!options.credential.token.empty() && !options.credential.user.empty()) {
    return fail(Errc::invalid_input, "VictoriaMetrics: set victoriametrics.token, or victoriametrics.user and victoriametrics.password, not both");
  }
  const auto client_of = [&options](const std::string& url) {
    return HttpClient::open({.base_url = url,
                             .credential = options.credential,
                             .connect_time = options.connect_time,
                             .answer_time = options.answer_time,
                             .is_stopped = options.is_stopped});
  };
  PV_TRY(auto writer, client_of(write_url));
  PV_TRY(auto reader, client_of(read_url));
  return std::unique_ptr<Server>(new Server(std::move(writer), std::move(reader), std::move(paths)));
}

Result<void> Server::check(const HttpResponse& response, const std::string& address, std::string_view what) {
  const int status = response.status;
  if (status >= 200 && status < 300) {
    not_before_s_ = 0;
    return {};
  }
  const std::string words = fmt::format("VictoriaMetrics at {} answered {} to {}: {}", address, status, what, shortened(response.body));
  if (status == 401 || status == 403) {
    return fail(Errc::denied, words + "; what stands before it (-httpAuth.username, vmauth, a proxy, -deleteAuthKey) must let PowerView through: see "
                                      "victoriametrics.user, .password and .token");
  }
  if (status == 429 || status >= 500 || status == 408) {
    const std::int64_t now = unix_now_s();
    not_before_s_ = now + std::max(kLeastPause_s, response.retry_after_s(now));
    return fail(Errc::unavailable, words);
  }
  return fail(Errc::invalid_input, words + "; see the addresses below [victoriametrics]");
}

Result<void> Server::write(const model::TenantName& tenant, std::string_view lines, Precision precision) {
  if (lines.empty()) return {};
  HttpRequest request;
  request.method = "POST";
  request.target = fmt::format("/write?db={}&precision={}", percent_encoded(tenant.str()), precision == Precision::seconds ? "s" : "ms");
  PV_TRY(request.body, gzipped(lines));
  request.content_type = "text/plain; charset=utf-8";
  request.headers.emplace_back("Content-Encoding", "gzip");
  may_be_on_its_way_ = true;
  may_be_in_memory_ = true;
  ++requests_;
  PV_TRY(const HttpResponse response, writer_->send(request));
  return check(response, writer_->base_url(), "a write");
}

Result<void> Server::settle() {
  if (!may_be_on_its_way_) return {};
  bool flushed = false;
  if (!paths_.is_cluster) {
    ++requests_;
    PV_TRY(const HttpResponse response, reader_->send(HttpRequest{.method = "GET", .target = "/internal/force_flush"}));
    flushed = response.status == 200;  // else it is guarded by -forceFlushAuthKey or a proxy: waiting does as well
  }
  if (!flushed) std::this_thread::sleep_for(kShowTime);
  may_be_on_its_way_ = false;
  return {};
}

Result<void> Server::persist() {
  PV_TRY_VOID(settle());
  if (!may_be_in_memory_) return {};
  std::string snapshot;
  if (!paths_.is_cluster) {
    ++requests_;
    PV_TRY(const HttpResponse made, reader_->send(HttpRequest{.method = "GET", .target = "/snapshot/create"}));
    const nlohmann::json answer = nlohmann::json::parse(made.body, nullptr, false);
    if (made.status == 200 && answer.is_object() && answer.contains("snapshot") && answer["snapshot"].is_string()) snapshot = answer["snapshot"];
  }
  if (snapshot.empty()) {
    std::this_thread::sleep_for(kPersistTime);
  } else {
    ++requests_;
    PV_TRY(const HttpResponse removed,
           reader_->send(HttpRequest{.method = "GET", .target = "/snapshot/delete?snapshot=" + percent_encoded(snapshot)}));
    PV_TRY_VOID(check(removed, reader_->base_url(), "the removal of snapshot " + shortened(snapshot)));
  }
  may_be_in_memory_ = false;
  return {};
}

Result<void> Server::export_series(const std::string& selector, model::Period period, const ExportReader::Consume& consume) {
  if (period.empty()) return {};
  ExportReader reader(consume);
  // Both ends count, in milliseconds.
  const std::string form = fmt::format("{}&start={}&end={}.999&max_rows_per_line=10000&reduce_mem_usage=0&deny_partial_response=1",
                                       match_form(selector), period.from_s, period.to_s - 1);
  ++requests_;
  PV_TRY(const HttpResponse response, reader_->send(form_request(paths_.read + "/api/v1/export", form),
                                                    [&reader](std::string_view piece) { return reader.feed(piece); }));
  PV_TRY_VOID(check(response, reader_->base_url(), "an export"));
  return reader.finish();
}

Result<void> Server::delete_series(const std::string& selector) {
  ++requests_;
  PV_TRY(const HttpResponse response,
         reader_->send(form_request(paths_.erase + "/api/v1/admin/tsdb/delete_series", match_form(selector))));
  return check(response, reader_->base_url(), "a deletion");
}

Result<std::string> Server::ask(std::string_view path, const std::string& form) {
  ++requests_;
  PV_TRY(HttpResponse response, reader_->send(form_request(paths_.read + std::string(path), form + "&deny_partial_response=1")));
  PV_TRY_VOID(check(response, reader_->base_url(), path));
  return std::move(response.body);
}

std::string match_form(const std::string& selector) { return "match%5B%5D=" + percent_encoded(selector); }

}  // namespace pv::victoria
