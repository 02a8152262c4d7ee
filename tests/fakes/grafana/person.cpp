#include "fakes/grafana/person.h"

#include <stdexcept>
#include <utility>

namespace pv::testing {
namespace {

std::string base64(const std::string& text) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = (group << 8) | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += at + i <= text.size() ? kDigits[(group >> (18 - 6 * i)) & 63] : '=';
  }
  return out;
}

}  // namespace

Person::Person(const std::string& url, std::string login, std::string password, std::int64_t organization)
    : login_(std::move(login)), password_(std::move(password)), organization_(organization) {
  auto http = HttpClient::open({.base_url = url});
  if (!http) throw std::runtime_error(http.error().message());
  http_ = std::move(*http);
}

HttpResponse Person::ask(const std::string& method, const std::string& target, const std::string& body) {
  HttpRequest request{.method = method, .target = target, .body = body};
  request.headers.emplace_back("Authorization", "Basic " + base64(login_ + ":" + password_));
  if (organization_ != 0) request.headers.emplace_back("X-Grafana-Org-Id", std::to_string(organization_));
  if (!body.empty()) request.content_type = "application/json";
  auto answer = http_->send(request);
  if (!answer) throw std::runtime_error(answer.error().message());
  return std::move(*answer);
}

}  // namespace pv::testing
