#pragma once
/// Answers requests: finds the route, asks the gate, reads a JSON body, calls the route's function. Knows no sockets.
/// Threads: safe; every request reads through a snapshot of its own.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/call.h"
#include "api/change_feed.h"
#include "api/message.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "api/sample_routes.h"
#include "api/server.h"
#include "api/upload.h"
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

  /// Ends waits for the fates of files.
  void begin_stop() { stopping_ = true; }

 private:
  Reply answer_route(const RouteMatch& match, const Request& request);
  Result<Reply> dispatch(RouteId id, Call& call);
  Result<Reply> tenants(Call& call);
  Result<Reply> stream(Call& call);
  Result<Reply> ready(Call& call);
  Result<Reply> metrics_text();
  [[nodiscard]] Result<std::vector<model::CampaignSummary>> campaigns_of(const model::TenantName& tenant);
  void log_error(std::string_view where, const Error& error) const;

  model::SourceDirectory& sources_;
  const ServerOptions& options_;
  ChangeFeed& feed_;
  RequestMetrics& metrics_;
  Gate gate_;
  SampleRoutes samples_;
  UploadPlaces uploads_;
  std::atomic<bool> stopping_{false};
};

}  // namespace pv::api
