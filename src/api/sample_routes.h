#pragma once
/// Requests about a company's campaigns: opens what they need, and answers 304 before a sample is read.
/// Threads: safe.

#include <semaphore>

#include "api/call.h"
#include "api/campaign_call.h"
#include "api/routes.h"
#include "api/thread_allowance.h"

namespace pv::api {

class SampleRoutes {
 public:
  SampleRoutes(model::SourceDirectory& sources, const ServerOptions& options);

  /// `log_error` outlives every reply.
  [[nodiscard]] Result<Reply> answer(RouteId id, Call& call, std::function<void(const Error&)> log_error);

 private:
  model::SourceDirectory& sources_;
  const ServerOptions& options_;
  std::counting_semaphore<> scans_;  // free places for queries that read samples; the memory they need is bounded by it
  ThreadAllowance extra_threads_;
};

}  // namespace pv::api
