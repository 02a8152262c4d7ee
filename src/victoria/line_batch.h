#pragma once
/// Lines on their way to VictoriaMetrics, sent when there are enough of them.
///   Memory: 4 MiB. Errors: as Server::write(). Threads: confined to one.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "model/names.h"
#include "victoria/server.h"

namespace pv::victoria {

class LineBatch {
 public:
  LineBatch(Server& server, const model::TenantName& tenant) : server_(server), tenant_(tenant) {}

  /// `head`: a line up to its value (victoria/labels.h).
  Result<void> add(const std::string& head, double value, std::int64_t time_s);
  /// What is left is sent only by this.
  Result<void> flush();

 private:
  Server& server_;
  const model::TenantName& tenant_;
  std::string text_;
  std::size_t lines_ = 0;
};

}  // namespace pv::victoria
