#pragma once
/// A request that may be answered: who asks, about which company, with its body where the route takes JSON.

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/message.h"
#include "api/server.h"
#include "base/result.h"
#include "model/names.h"
#include "model/source.h"
#include "tenancy/registry.h"

namespace pv::api {

/// Somebody who has shown who he is.
struct Caller {
  tenancy::Identity identity;
  std::optional<tenancy::TokenScope> token;  // none: a person with a session
};

struct Call {
  const Request& request;
  const std::vector<std::string>& segments;  // of the route's pattern, decoded
  const ServerOptions& options;
  model::SourceDirectory& sources;
  tenancy::Registry& registry;
  const std::atomic<bool>& stopping;
  std::optional<Caller> caller;              // none only where the route is open
  std::optional<model::TenantName> company;  // of routes below /tenants/{tenant}: it is there, and the caller's to see
  std::string address;                       // of the client
  std::string body;                          // of routes with a JSON body

  [[nodiscard]] tenancy::Actor actor() const { return {caller ? caller->identity.name : std::string(), address}; }
  [[nodiscard]] const model::TenantName& tenant() const { return *company; }
};

/// A reply with a JSON body that nobody may keep.
[[nodiscard]] inline Reply json_reply(std::string&& json, int status = 200) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(json);
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}
[[nodiscard]] inline Reply no_content() { return json_reply({}, 204); }

}  // namespace pv::api
