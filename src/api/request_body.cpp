#include "api/request_body.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pv::api {
namespace {

constexpr std::uint64_t kMostSkipped = 65'536;
constexpr std::chrono::milliseconds kSkipTime{500};
constexpr std::size_t kLongestLine = 256;  // a chunk's size with its extensions, or a trailer
constexpr int kMostTrailers = 16;

template <class Number>
std::optional<Number> whole_number(std::string_view text, int base) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string small_letters(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

Result<BodyFraming> framing_of(const std::multimap<std::string, std::string>& headers) {
  BodyFraming framing;
  const auto length = headers.find("content-length");
  const auto coding = headers.find("transfer-encoding");
  if (headers.count("content-length") > 1 || headers.count("transfer-encoding") > 1 ||
      (length != headers.end() && coding != headers.end())) {
    return fail(Errc::invalid_input, "the request says more than once how long its body is");
  }
  if (length != headers.end()) {
    const auto bytes = whole_number<std::uint64_t>(length->second, 10);
    if (!bytes) return fail(Errc::invalid_input, "Content-Length is no number");
    framing.length = *bytes;
  }
  if (coding != headers.end()) {
    if (small_letters(coding->second) != "chunked") return fail(Errc::invalid_input, "Transfer-Encoding may only be chunked");
    framing.chunked = true;
  }
  const auto expect = headers.find("expect");
  framing.waits_for_continue = expect != headers.end() && small_letters(expect->second) == "100-continue";
  return framing;
}

ConnectionBody::ConnectionBody(Connection& connection, const std::atomic<bool>& stopping, BodyFraming framing)
    : connection_(connection), stopping_(stopping), framing_(framing), left_(framing.length),
      ended_(!framing.chunked && framing.length == 0), continue_owed_(framing.waits_for_continue) {}

std::optional<std::uint64_t> ConnectionBody::length() const {
  if (framing_.chunked) return std::nullopt;
  return framing_.length;
}

tl::expected<std::size_t, RequestBody::Trouble> ConnectionBody::read(std::span<char> into, std::chrono::milliseconds patience) {
  if (ended_ || into.empty()) return 0U;
  if (broken_) return tl::unexpected(Trouble::gone);
  const auto deadline = Connection::Clock::now() + patience;
  if (continue_owed_) {
    continue_owed_ = false;
    if (connection_.unread().empty() && !connection_.write("HTTP/1.1 100 Continue\r\n\r\n", patience, stopping_)) {
      broken_ = true;
      return tl::unexpected(Trouble::gone);
    }
  }
  if (framing_.chunked) return read_chunked(into, deadline);
  const auto count = connection_.read(into.first(std::min<std::uint64_t>(into.size(), left_)), deadline, stopping_);
  if (!count || *count == 0) {
    broken_ = true;
    const bool late = !count && !stopping_ && Connection::Clock::now() >= deadline;
    return tl::unexpected(late ? Trouble::late : Trouble::gone);
  }
  left_ -= *count;
  ended_ = left_ == 0;
  return *count;
}

tl::expected<std::size_t, RequestBody::Trouble> ConnectionBody::read_chunked(std::span<char> into,
                                                                             Connection::Clock::time_point deadline) {
  const auto broken = [this](Trouble why) {
    broken_ = true;
    return tl::unexpected(why);
  };
  while (left_ == 0) {
    if (begun_) {  // the line end behind a chunk
      const auto end = line(deadline);
      if (!end) return broken(end.error());
      if (!end->empty()) return broken(Trouble::malformed);
    }
    const auto head = line(deadline);
    if (!head) return broken(head.error());
    std::string_view digits = std::string_view(*head).substr(0, head->find(';'));
    while (!digits.empty() && (digits.back() == ' ' || digits.back() == '\t')) digits.remove_suffix(1);
    const auto size = digits.size() <= 15 ? whole_number<std::uint64_t>(digits, 16) : std::nullopt;
    if (!size) return broken(Trouble::malformed);
    begun_ = true;
    left_ = *size;
    if (left_ > 0) break;
    for (int trailers = 0;; ++trailers) {
      const auto trailer = line(deadline);
      if (!trailer) return broken(trailer.error());
      if (trailer->empty()) break;
      if (trailers == kMostTrailers) return broken(Trouble::malformed);
    }
    ended_ = true;
    return 0U;
  }
  const auto count = connection_.read(into.first(std::min<std::uint64_t>(into.size(), left_)), deadline, stopping_);
  if (!count || *count == 0) {
    return broken(!count && !stopping_ && Connection::Clock::now() >= deadline ? Trouble::late : Trouble::gone);
  }
  left_ -= *count;
  return *count;
}

/// Without its CR LF.
tl::expected<std::string, RequestBody::Trouble> ConnectionBody::line(Connection::Clock::time_point deadline) {
  for (;;) {
    const std::string_view unread = connection_.unread();
    const std::size_t end = unread.substr(0, kLongestLine).find("\r\n");
    if (end != std::string_view::npos) {
      std::string text(unread.substr(0, end));
      connection_.skip(end + 2);
      return text;
    }
    if (unread.size() >= kLongestLine) return tl::unexpected(Trouble::malformed);
    if (!connection_.wait_for_more(kLongestLine, deadline, stopping_)) {
      const bool late = !stopping_ && Connection::Clock::now() >= deadline;
      return tl::unexpected(late ? Trouble::late : Trouble::gone);
    }
  }
}

bool ConnectionBody::skip_rest() {
  // Whether a client that was not told to continue sends its body all the same is not known.
  if (!ended_ && continue_owed_) return false;
  std::array<char, 4096> rest;
  const auto deadline = Connection::Clock::now() + kSkipTime;
  for (std::uint64_t skipped = 0; !ended_ && !broken_;) {
    if (!framing_.chunked && left_ > kMostSkipped) return false;
    const auto time_left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Connection::Clock::now());
    const auto count = read(rest, std::max(time_left, std::chrono::milliseconds(0)));
    if (!count || (skipped += *count) > kMostSkipped) return false;
  }
  return ended_;
}

}  // namespace pv::api
