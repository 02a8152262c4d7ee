#pragma once
/// What a request's head says of who sends it: session cookie, bearer token, whose page it comes from, the client's address.

#include <optional>
#include <string>
#include <string_view>

#include "api/message.h"
#include "api/server.h"

namespace pv::api {

/// "powerview"; behind HTTPS "__Host-powerview", which browsers take only when it is Secure, for this host and all of its paths.
[[nodiscard]] std::string_view cookie_name(Transport transport) noexcept;

/// The session's cookie; "" when there is none, or more than one (another host of the domain could have put it there).
[[nodiscard]] std::string_view session_cookie(const Request& request, Transport transport);
[[nodiscard]] bool has_session_cookie(const Request& request, Transport transport);

/// Set-Cookie for a session, for as long as one may last; and the one that takes it away.
[[nodiscard]] std::string set_cookie(std::string_view session, Transport transport);
[[nodiscard]] std::string remove_cookie(Transport transport);

/// What follows "Authorization: Bearer "; nothing without that header, "" for another scheme.
[[nodiscard]] std::optional<std::string> bearer_token(const Request& request);

/// Whose page a browser says it asks for: Sec-Fetch-Site where it is sent, otherwise Origin against Host. Programs send neither.
enum class AskedBy : std::uint8_t { unknown, own_page, other_site };
[[nodiscard]] AskedBy asked_by(const Request& request);

/// Where the request comes from. Behind HTTPS, what the proxy on this machine says last in X-Forwarded-For; otherwise the peer.
[[nodiscard]] std::string client_address(const Request& request, Transport transport);

/// From this machine, not through a proxy, and for a name of this machine (a page elsewhere can make its own name mean loopback).
[[nodiscard]] bool is_from_this_machine(const Request& request);

/// The client's name for itself, fit to be shown: no control characters, 200 bytes at most.
[[nodiscard]] std::string user_agent(const Request& request);

/// Takes as long for a wrong secret as for the right one, whatever they have in common.
[[nodiscard]] bool is_same_secret(std::string_view given, std::string_view expected);

}  // namespace pv::api
