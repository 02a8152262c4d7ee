#include "grafana/client.h"

#include <algorithm>

#include <fmt/format.h>

#include "grafana/authorization.h"

namespace pv::grafana {
namespace {

constexpr std::size_t kMostAnswerBytes = 32U << 20;
constexpr std::size_t kLongestTold = 200;

/// Another server's words, fit for a line of ours.
std::string told(const JsonValue& answer) {
  std::string text = answer.text("message").substr(0, kLongestTold);
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text.empty() ? "no reason given" : text;
}

std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }

/// What a header can carry without becoming two.
bool fits_header(std::string_view text) { return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; }); }

}  // namespace

Result<std::unique_ptr<Client>> Client::open(const Access& access) {
  if (access.url.empty()) return fail(Errc::invalid_input, "grafana.url is not set");
  const bool basic = !access.password.empty();
  if (!basic && access.api_token.empty()) {
    return fail(Errc::invalid_input, "grafana.password (with grafana.username) or grafana.api_token must be set");
  }
  if (basic && (access.username.empty() || access.username.find(':') != std::string::npos)) {
    return fail(Errc::invalid_input, "grafana.username is not set, or has a ':'");
  }
  if (!fits_header(access.api_token.reveal())) return fail(Errc::invalid_input, "grafana.api_token has a control character in it");
  HttpClientOptions options{.base_url = access.url, .answer_time = access.answer_time, .most_answer_bytes = kMostAnswerBytes};
  if (access.stop.stop_possible()) options.is_stopped = [stop = access.stop] { return stop.stop_requested(); };
  auto http = HttpClient::open(std::move(options));
  if (!http) return fail(std::move(http).error().with("grafana.url"));
  return std::unique_ptr<Client>(new Client(access, std::move(*http)));
}

Result<Client::Answer> Client::send(const Call& call) {
  if (locked_out_) return fail(*locked_out_);
  if (access_.stop.stop_requested()) return fail(Errc::unavailable, "Grafana: this program is stopping");
  HttpRequest request{.method = call.method, .target = call.target, .body = call.body};
  request.headers.emplace_back("Accept", "application/json");
  if (has_password()) {
    request.headers.emplace_back("Authorization", basic_authorization(access_.username, access_.password));
    if (call.organization != 0) request.headers.emplace_back("X-Grafana-Org-Id", std::to_string(call.organization));
  } else {
    request.headers.emplace_back("Authorization", "Bearer " + access_.api_token.reveal());
  }
  if (!call.body.empty()) request.content_type = "application/json";
  PV_TRY(const HttpResponse response, http_->send(request));

  const std::string where = fmt::format("Grafana: {} {}", call.method, path_of(call.target));
  if (response.status / 100 == 3) {
    return fail(Errc::invalid_input, fmt::format("{}: grafana.url ({}) answers with a redirect; give the address that it ends at, with the path Grafana is served below",
                                                 where, http_->base_url()));
  }
  if (response.status == 429 || response.status >= 500) {
    return fail(Errc::unavailable, fmt::format("{}: Grafana answered {}", where, response.status));
  }
  Answer answer{response.status, {}};
  auto json = JsonValue::parse(response.body);
  if (json) answer.json = *json;
  if (response.status == 401) {
    locked_out_ = Error(Errc::denied, fmt::format("{}: Grafana does not accept {} (a right password is refused too for five minutes after five wrong ones): {}", where,
                                                  has_password() ? "grafana.username and grafana.password" : "grafana.api_token", told(answer.json)));
    return fail(*locked_out_);
  }
  const bool is_page = response.body.find_first_not_of(" \t\r\n") != std::string::npos && response.body[response.body.find_first_not_of(" \t\r\n")] == '<';
  if (!json && (is_page || response.status == 404)) {
    return fail(Errc::invalid_input, fmt::format("{}: {} answers with something that is not of Grafana's interface; check grafana.url (with the path Grafana is served below)",
                                                 where, http_->base_url()));
  }
  if (!json && answer.is_good() && !response.body.empty()) return fail(Errc::unavailable, fmt::format("{}: the answer is broken", where));
  return answer;
}

Error Client::refusal(const Call& call, const Answer& answer) {
  const std::string what = fmt::format("Grafana: {} {}: {} ({})", call.method, path_of(call.target), answer.status, told(answer.json));
  switch (answer.status) {
    case 403: return {Errc::denied, what + "; the account or token that PowerView uses lacks this right, or a quota is reached"};
    case 404: return {Errc::not_found, what};
    case 409:
    case 412: return {Errc::conflict, what};
    default: return {Errc::invalid_input, what};
  }
}

Result<JsonValue> Client::get(const Call& call) {
  PV_TRY(const Answer answer, send(call));
  if (!answer.is_good()) return fail(refusal(call, answer));
  return answer.json;
}

Result<std::vector<JsonValue>> Client::list(const Call& call, std::string_view member) {
  PV_TRY(const JsonValue answer, get(call));
  const JsonValue found = member.empty() ? answer : answer.at(member);
  // What is no list may not look like an empty one: things would be made a second time.
  if (!found.is_list()) return fail(Errc::unavailable, fmt::format("Grafana: {} {}: the answer is broken", call.method, path_of(call.target)));
  return found.items();
}

Result<std::optional<JsonValue>> Client::find(const Call& call) {
  PV_TRY(const Answer answer, send(call));
  if (answer.status == 404) return std::optional<JsonValue>();
  if (!answer.is_good()) return fail(refusal(call, answer));
  // A cut answer may not look like "none there".
  if (!answer.json.is_object()) return fail(Errc::unavailable, fmt::format("Grafana: {} {}: the answer is broken", call.method, path_of(call.target)));
  return std::optional(answer.json);
}

Result<JsonValue> Client::change(const Call& call) { return get(call); }

Result<void> Client::erase(std::int64_t organization, const std::string& target) {
  const Call call{.method = "DELETE", .target = target, .organization = organization};
  PV_TRY(const Answer answer, send(call));
  if (!answer.is_good() && answer.status != 404) return fail(refusal(call, answer));
  return {};
}

Result<std::string> Client::version() {
  PV_TRY(const auto health, find({.target = "/api/health"}));
  if (!health) return fail(Errc::invalid_input, fmt::format("{}: there is no Grafana; check grafana.url", http_->base_url()));
  if (health->text("database") == "failing") return fail(Errc::unavailable, "Grafana's database does not answer");
  return health->text("version");
}

Result<bool> Client::may_manage(std::int64_t organization) {
  const Call call{.target = "/api/org/users", .organization = organization};
  PV_TRY(const Answer answer, send(call));
  if (answer.status == 403) return false;
  if (!answer.is_good()) return fail(refusal(call, answer));
  return true;
}

}  // namespace pv::grafana
