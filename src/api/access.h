#pragma once
/// Decides whether a request may use a route: who asks, whether a page of ours does, whether the company is his, whether his
/// role is enough. In that order, so that nothing is told to somebody who has not shown who he is, and nothing of another company.
/// Threads: safe.

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "api/call.h"
#include "api/routes.h"

namespace pv::api {

struct Admission {
  std::optional<Caller> caller;
  std::optional<model::TenantName> company;
};

class Gate {
 public:
  /// Borrows; both must outlive the gate.
  Gate(model::SourceDirectory& sources, const ServerOptions& options) : sources_(sources), options_(options) {}

  /// The refusal is the whole answer.
  [[nodiscard]] tl::expected<Admission, Reply> admit(const Route& route, const std::vector<std::string>& segments, const Request& request) const;

  /// Nothing without, or with an ended, session or token.
  [[nodiscard]] std::optional<Caller> identify(const Request& request) const;

 private:
  [[nodiscard]] std::optional<Reply> judge_hook(const Request& request) const;
  [[nodiscard]] std::optional<Reply> judge_origin(const Request& request) const;
  [[nodiscard]] bool is_known(const model::TenantName& tenant) const;

  model::SourceDirectory& sources_;
  const ServerOptions& options_;
};

/// The answer for a company that is not there, and for one that is another's.
[[nodiscard]] Reply no_such_company(const model::TenantName& name);
[[nodiscard]] Reply no_such_route();

}  // namespace pv::api
