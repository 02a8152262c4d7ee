#pragma once
/// Answers requests: finds the route, opens the tenant, asks the query room, writes the reply. Knows no sockets.
/// Threads: safe; every request reads through a snapshot of its own.

#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "api/change_feed.h"
#include "api/message.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/thread_allowance.h"
#include "model/source.h"

namespace pv::api {

class Service {
 public:
  /// Borrows; all must outlive the service.
  Service(model::SourceDirectory& sources, const ServerOptions& options, ChangeFeed& feed, RequestMetrics& metrics);

  struct Answer {
    Reply reply;
    std::string_view route;  // pattern of the table, "pages" or "unknown"
  };
  /// Never throws for what a request holds; what it throws is a bug or exhausted memory.
  [[nodiscard]] Answer answer(const Request& request);

 private:
  Result<Reply> dispatch(const RouteMatch& match, const Request& request);
  Result<Reply> tenants(const Request& request);
  Result<Reply> tenant_route(const RouteMatch& match, const Request& request);
  Result<Reply> stream(const Request& request);
  Result<Reply> ready();
  Result<Reply> metrics_text();
  Result<std::vector<model::CampaignSummary>> campaigns_of(const model::TenantName& tenant);
  void log_error(std::string_view where, const Error& error) const;

  model::SourceDirectory& sources_;
  const ServerOptions& options_;
  ChangeFeed& feed_;
  RequestMetrics& metrics_;
  std::counting_semaphore<> scans_;  // free places for queries that read samples; the memory they need is bounded by it
  ThreadAllowance extra_threads_;
};

}  // namespace pv::api
