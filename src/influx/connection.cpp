#include "influx/connection.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "influx/told.h"

namespace pv::influx {
namespace {

Errc kind_of(int status) noexcept {
  switch (status) {
    case 401:
    case 403: return Errc::denied;
    case 404: return Errc::not_found;
    case 408:
    case 429: return Errc::unavailable;
    default: return status >= 500 && status != 501 ? Errc::unavailable : Errc::invalid_input;
  }
}

}  // namespace

ServerError server_error(const HttpResponse& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object()) return {{}, told(answer.body)};
  const auto text = [&](const char* key) {
    const auto found = body.find(key);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  ServerError error{text("code"), text("message")};
  if (error.message.empty()) error.message = text("error");
  return error;
}

bool looks_like_id(std::string_view text) noexcept {
  return text.size() == 16 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

Result<std::unique_ptr<Connection>> Connection::open(Access access) {
  if (access.organization.empty()) return fail(Errc::invalid_input, "influxdb.org is not set");
  if (access.token.empty()) return fail(Errc::denied, fmt::format("{} is not set", access.token_setting));
  HttpClientOptions options;
  options.base_url = access.url;
  options.connect_time = access.connect_time;
  options.answer_time = access.answer_time;
  options.is_stopped = access.is_stopped;
  auto client = HttpClient::open(std::move(options));
  if (!client) return fail(std::move(client).error().with("influxdb.url"));
  return std::unique_ptr<Connection>(new Connection(std::move(access), std::move(*client)));
}

std::int64_t Connection::now_s() const {
  if (access_.now_s) return access_.now_s();
  return unix_now_s();
}

Result<HttpResponse> Connection::send(HttpRequest request, std::string_view what) {
  request.headers.emplace_back("Authorization", "Token " + access_.token.reveal());
  auto answer = client_->send(request);
  if (!answer) return fail(std::move(answer).error().with(what));
  return answer;
}

Result<HttpResponse> Connection::send(HttpRequest request, std::string_view what,
                                      const std::function<Result<void>(std::string_view)>& consume) {
  request.headers.emplace_back("Authorization", "Token " + access_.token.reveal());
  auto answer = client_->send(request, consume);
  if (!answer) return fail(std::move(answer).error().with(what));
  return answer;
}

Error Connection::error_of(const HttpResponse& answer, std::string_view what) {
  const ServerError said = server_error(answer);
  const Errc kind = kind_of(answer.status);
  std::string advice;
  if (kind == Errc::unavailable) {
    const std::int64_t wait = answer.retry_after_s(now_s());
    if (wait > 0) not_before_s_ = now_s() + wait;
    if (wait > 0) advice = fmt::format(" (it asks for {} s of rest)", wait);
  } else if (answer.status == 401) {
    // The same status stands for an unknown token and for one that may not do this.
    advice = said.message.find(':') != std::string::npos
                 ? fmt::format("; the token of {} lacks this right: use one that may", access_.token_setting)
                 : fmt::format("; {} is unknown there, revoked or inactive: set a valid token", access_.token_setting);
  } else if (answer.status == 403) {
    advice = fmt::format("; the token of {} is inactive, its owner is, or it lacks this right", access_.token_setting);
  } else if (answer.status < 300) {
    advice = "; influxdb.url does not lead to the API of InfluxDB 2";
  } else if (answer.status < 400) {
    advice = "; the address redirects elsewhere: set influxdb.url to the final one";
  }
  const std::string words = answer.status < 300 ? std::string("a page instead of an answer") : told(said.message);
  return Error(kind, fmt::format("{}: {} answered {}{}{}{}", what, client_->base_url(), answer.status, words.empty() ? "" : ": ", words, advice));
}

Result<void> Connection::expect_json(const HttpResponse& answer, int status, std::string_view what) {
  const bool is_json = answer.header("content-type").find("json") != std::string_view::npos;
  if (answer.status != status || !is_json) return fail(error_of(answer, what));
  return {};
}

Result<std::string> Connection::organization_id() {
  if (!organization_id_.empty()) return organization_id_;
  const std::string what = fmt::format("looking for organization {}", access_.organization);
  PV_TRY(const HttpResponse answer, send({.target = "/api/v2/orgs?org=" + percent_encoded(access_.organization)}, what));
  const auto absent = [&] {
    return fail(Errc::invalid_input, fmt::format("{}: {} has no organization of this name that the token of {} may see; check influxdb.org", what,
                                                 client_->base_url(), access_.token_setting));
  };
  if (answer.status == 404 && answer.header("content-type").find("json") != std::string_view::npos) return absent();
  PV_TRY_VOID(expect_json(answer, 200, what));
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("orgs") || !body["orgs"].is_array()) return fail(Errc::corrupt, what + ": the answer has no list of organizations");
  for (const auto& organization : body["orgs"]) {
    if (!organization.is_object() || !organization.contains("name") || organization["name"] != access_.organization) continue;
    if (!organization.contains("id") || !organization["id"].is_string()) continue;
    organization_id_ = organization["id"].get<std::string>();
    if (looks_like_id(organization_id_)) return organization_id_;
    organization_id_.clear();
    return fail(Errc::corrupt, what + ": the answer has an id that is none");
  }
  return absent();
}

Result<std::string> Connection::version() {
  const std::string what = "asking for the version";
  PV_TRY(const HttpResponse answer, send({.target = "/ping"}, what));
  if (answer.status >= 500 || answer.status == 429) return fail(error_of(answer, what));
  if (answer.status != 204) {
    return fail(Errc::invalid_input, fmt::format("{} does not answer as InfluxDB 2 does (status {}); check influxdb.url", client_->base_url(), answer.status));
  }
  return told(answer.header("x-influxdb-version"));
}

}  // namespace pv::influx
