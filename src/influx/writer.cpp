#include "influx/writer.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "influx/bucket.h"

namespace pv::influx {
namespace {

constexpr std::size_t kSmallestBatch = 1'024;  // bytes; no server is taken to refuse less for its size

std::size_t count_lines(std::string_view lines) { return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')); }

/// The longest run of whole lines from the front that keeps the bounds; one line at least.
std::string_view front_lines(std::string_view lines, BatchBounds bounds) {
  std::size_t end = 0;
  for (std::size_t count = 0; count < bounds.lines && end < lines.size(); ++count) {
    const std::size_t next = std::min(lines.find('\n', end), lines.size() - 1) + 1;
    if (next > bounds.bytes && end > 0) break;
    end = next;
  }
  return lines.substr(0, end);
}

void refuse(model::MirrorOutcome& outcome, std::string_view line, std::string_view why) {
  ++outcome.refused_total;
  if (outcome.refused.size() >= model::kMostRefused) return;
  LineSubject subject = subject_of(line);
  outcome.refused.push_back({std::move(subject.campaign), std::move(subject.logger_sn), std::move(subject.field), subject.time_s, told(why)});
}

void refuse_all(model::MirrorOutcome& outcome, std::string_view lines, std::string_view why) {
  while (!lines.empty()) {
    const std::string_view line = front_lines(lines, {.lines = 1});
    refuse(outcome, line, why);
    lines.remove_prefix(line.size());
  }
}

/// "… partial write: … dropped=3 …"
std::optional<std::size_t> dropped_of(std::string_view message) {
  constexpr std::string_view kMark = "dropped=";
  const std::size_t at = message.find(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t count = 0;
  const std::string_view digits = message.substr(at + kMark.size());
  if (std::from_chars(digits.data(), digits.data() + digits.size(), count).ec != std::errc()) return std::nullopt;
  return count;
}

/// Lines that the message names ("unable to parse '<line>': <reason>"), with the reasons. Lines and reasons may have quotes in them: only what is
/// really one of the lines counts, so that this is looked up by the caller.
std::unordered_map<std::string_view, std::string_view> unparsable(std::string_view message) {
  constexpr std::string_view kBegin = "unable to parse '";
  constexpr std::string_view kEnd = "': ";
  std::unordered_map<std::string_view, std::string_view> named;
  for (std::size_t at = message.find(kBegin); at != std::string_view::npos;) {
    const std::size_t next = message.find(kBegin, at + kBegin.size());
    const std::string_view one = message.substr(at + kBegin.size(), next == std::string_view::npos ? next : next - at - kBegin.size());
    if (const std::size_t end = one.rfind(kEnd); end != std::string_view::npos) {
      std::string_view reason = one.substr(end + kEnd.size());
      while (!reason.empty() && (reason.back() == '\n' || reason.back() == ' ')) reason.remove_suffix(1);
      named.emplace(one.substr(0, end), reason);
    }
    at = next;
  }
  return named;
}

}  // namespace

/// gzip at its quickest: lines shrink to a fifteenth even so.
struct Writer::Compressor {
  Compressor() {
    constexpr int kWindow = 15 + 16;  // with gzip's head and tail
    constexpr int kMemory = 8;
    PV_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kWindow, kMemory, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Compressor() { deflateEnd(&stream); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  std::string compress(std::string_view text) {
    PV_CHECK(deflateReset(&stream) == Z_OK);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    PV_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(out.size() - stream.avail_out);
    return out;
  }

  z_stream stream{};
};

struct Writer::Batch {
  std::string target, what;
  std::string_view bucket;
  model::MirrorOutcome& outcome;
  std::size_t requests = 0;
  bool made_bucket = false;
};

Writer::Writer(Connection& connection, WriterOptions options)
    : connection_(connection), options_(options), bounds_(options.batch), compressor_(std::make_unique<Compressor>()) {}

Writer::~Writer() = default;

Result<void> Writer::ensure(std::string_view bucket) {
  if (known_.contains(bucket)) return {};
  PV_TRY_VOID(ensure_bucket(connection_, bucket));
  known_.emplace(bucket);
  return {};
}

Result<void> Writer::write(std::string_view bucket, std::string_view lines, model::MirrorOutcome& outcome) {
  const std::string target =
      fmt::format("/api/v2/write?org={}&bucket={}&precision=s", percent_encoded(connection_.access().organization), percent_encoded(bucket));
  while (!lines.empty()) {
    const std::string_view part = front_lines(lines, bounds_);
    Batch batch{target, fmt::format("writing to bucket {}", bucket), bucket, outcome};
    auto settled = settle(batch, part);
    outcome.requests += batch.requests;
    if (!settled) return settled;
    lines.remove_prefix(part.size());
  }
  return {};
}

Result<HttpResponse> Writer::post(Batch& batch, std::string_view lines) {
  ++batch.requests;
  HttpRequest request;
  request.method = "POST";
  request.target = batch.target;
  request.headers = {{"Content-Encoding", "gzip"}, {"Accept", "application/json"}};
  request.body = compressor_->compress(lines);
  request.content_type = "text/plain; charset=utf-8";
  return connection_.send(std::move(request), batch.what);
}

Result<void> Writer::settle(Batch& batch, std::string_view lines) {
  if (lines.empty()) return {};
  PV_TRY(const HttpResponse answer, post(batch, lines));
  const std::size_t count = count_lines(lines);
  const ServerError said = server_error(answer);
  switch (answer.status) {
    case 204: batch.outcome.points += count; return {};
    case 404: {
      if (batch.made_bucket) break;
      batch.made_bucket = true;
      PV_TRY_VOID(ensure_bucket(connection_, batch.bucket));
      return settle(batch, lines);
    }
    case 413:
      if (count <= 1) break;
      bounds_.bytes = std::clamp(lines.size() / 2, std::min(kSmallestBatch, bounds_.bytes), bounds_.bytes);
      return settle_halves(batch, lines, said.message);
    case 400:
    case 422: {
      if (said.code.empty()) break;  // not InfluxDB's own words: nothing is known about any line
      const auto dropped = dropped_of(said.message);
      if (answer.status == 400 && !dropped) return settle_unparsable(batch, lines, said.message);
      if (count > 1 && (!dropped || *dropped < count)) return settle_halves(batch, lines, said.message);
      refuse_all(batch.outcome, lines, said.message);
      return {};
    }
    default: break;
  }
  return fail(connection_.error_of(answer, batch.what));
}

Result<void> Writer::settle_halves(Batch& batch, std::string_view lines, std::string_view why) {
  if (batch.requests + 2 > options_.most_requests) {
    return fail(Errc::invalid_input, fmt::format("{}: {} requests did not settle which of its lines the server takes; it says: {}", batch.what,
                                                 batch.requests, told(why)));
  }
  const std::size_t half = lines.find('\n', lines.size() / 2) + 1;
  // The middle may lie in the last line: then all before it is the first half.
  const std::size_t cut = half < lines.size() && half > 0 ? half : lines.rfind('\n', lines.size() - 2) + 1;
  PV_TRY_VOID(settle(batch, lines.substr(0, cut)));
  return settle(batch, lines.substr(cut));
}

Result<void> Writer::settle_unparsable(Batch& batch, std::string_view lines, const std::string& message) {
  const auto named = unparsable(message);
  std::string rest;
  bool found = false;
  for (std::string_view left = lines; !left.empty();) {
    const std::string_view line = front_lines(left, {.lines = 1});
    left.remove_prefix(line.size());
    const auto at = named.find(line.substr(0, line.find('\n')));
    if (at == named.end()) {
      rest += line;
      continue;
    }
    found = true;
    refuse(batch.outcome, line, at->second);
  }
  if (found) return settle(batch, rest);
  if (count_lines(lines) > 1) return settle_halves(batch, lines, message);
  refuse_all(batch.outcome, lines, message);
  return {};
}

}  // namespace pv::influx
