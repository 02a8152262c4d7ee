#include "api/problem.h"

#include "api/json_text.h"
#include "base/file.h"

namespace pv::api {

int status_of(Errc kind) noexcept {
  switch (kind) {
    case Errc::not_found: return 404;
    case Errc::invalid_input: return 400;
    case Errc::corrupt: return 500;
    case Errc::io: return 500;
    case Errc::conflict: return 409;
    case Errc::unavailable: return 503;
    case Errc::denied: return 403;
  }
  return 500;
}

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 507: return "Insufficient Storage";
    case 503: return "Service Unavailable";
    default: return status < 500 ? "Request Refused" : "Server Error";
  }
}

Reply problem(int status, std::string_view detail) { return problem(status, detail, {}); }

Reply problem(int status, std::string_view detail, std::string_view reason) {
  JsonText json;
  json.begin_object();
  json.member("type", "about:blank");
  json.member("title", reason_of(status));
  json.member("status", std::int64_t{status});
  json.member("detail", detail);
  if (!reason.empty()) json.member("reason", reason);
  json.end_object();
  Reply reply;
  reply.status = status;
  reply.content_type = "application/problem+json";
  reply.body = std::move(json).take();
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

Reply problem(const Error& error) {
  // What the system denies the server is nothing that the client may do something about.
  const bool is_ours = error.kind() == Errc::denied && names_a_place(error);
  return problem(is_ours ? 500 : status_of(error.kind()), public_text(error));
}

Reply problem_told(const Error& error) {
  return error.kind() == Errc::conflict && !names_a_place(error) ? problem(409, error.message()) : problem(error);
}

bool is_internal(const Error& error) noexcept {
  const Errc kind = error.kind();
  return names_a_place(error) || kind == Errc::corrupt || kind == Errc::io || kind == Errc::unavailable || kind == Errc::conflict;
}

std::string_view public_text(const Error& error) noexcept {
  switch (error.kind()) {
    case Errc::corrupt: return "the stored data is damaged; the server's log says where";
    case Errc::io: return "the data cannot be read or written; the server's log says why";
    case Errc::unavailable: return "the data cannot be reached for now; ask again later, the server's log says why";
    case Errc::conflict: return "another program holds the data; ask again";
    case Errc::not_found:
    case Errc::invalid_input:
    case Errc::denied: return names_a_place(error) ? "the server cannot do it; its log says why" : std::string_view(error.message());
  }
  return "an error inside the server";
}

}  // namespace pv::api
