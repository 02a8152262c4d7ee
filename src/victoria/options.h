#pragma once
/// Where a VictoriaMetrics is: one node, or a cluster of which one account (VictoriaMetrics says "tenant id") is used.
///
/// A node has everything below one address. A cluster writes through vminsert ("http://vminsert:8480/insert/42/influx"), reads through vmselect
/// ("http://vmselect:8481/select/42/prometheus") and deletes below "/delete/42/prometheus" of the latter, which is derived.

#include <chrono>
#include <string>

#include "base/http_client.h"

namespace pv::victoria {

struct Options {
  std::string write_url;  // "/write" is put behind it
  std::string read_url;   // "/api/v1/export" and the like are put behind it
  HttpCredential credential = {};  // of what stands before it: -httpAuth.username, vmauth, a proxy
  std::chrono::milliseconds connect_time{5'000};
  std::chrono::milliseconds answer_time{30'000};
  std::function<bool()> is_stopped = {};  // asked again and again while an answer is waited for: true ends that with unavailable

  [[nodiscard]] static Options single(const std::string& url) { return {.write_url = url, .read_url = url}; }
};

}  // namespace pv::victoria
