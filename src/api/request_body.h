#pragma once
/// A request's body on its connection: by Content-Length or chunked, never both. It is read only as far as a route wants it.
/// Threads: one at a time.

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "api/connection.h"
#include "api/message.h"
#include "base/result.h"

namespace pv::api {

struct BodyFraming {
  bool chunked = false;
  std::uint64_t length = 0;        // when not chunked
  bool waits_for_continue = false;  // the client sends it only after "100 Continue"
};

/// Errors: invalid_input: two lengths, a length that is none, both framings, or a transfer coding other than chunked. Where the
/// request ends cannot be known then.
[[nodiscard]] Result<BodyFraming> framing_of(const std::multimap<std::string, std::string>& headers);

class ConnectionBody final : public RequestBody {
 public:
  /// Both must outlive the body.
  ConnectionBody(Connection& connection, const std::atomic<bool>& stopping, BodyFraming framing);

  tl::expected<std::size_t, Trouble> read(std::span<char> into, std::chrono::milliseconds patience) override;
  [[nodiscard]] std::optional<std::uint64_t> length() const override;

  /// Reads what is left when it is little and on its way. False when the connection cannot be used for another request.
  bool skip_rest();

 private:
  tl::expected<std::size_t, Trouble> read_chunked(std::span<char> into, Connection::Clock::time_point deadline);
  tl::expected<std::string, Trouble> line(Connection::Clock::time_point deadline);

  Connection& connection_;
  const std::atomic<bool>& stopping_;
  BodyFraming framing_;
  std::uint64_t left_;       // of the body, or of the chunk
  bool begun_ = false;       // a chunked body: its first chunk's head was read
  bool ended_ = false;
  bool broken_ = false;
  bool continue_owed_;
};

}  // namespace pv::api
