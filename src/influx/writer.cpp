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
#include "influx/told.h"

namespace pv::influx {
namespace {

constexpr std::size_t kSmallestBatch = 1'024;  // bytes; no server is taken to refuse less for its size

/// Whole lines that are sent together: pieces of the text that came, so that none is copied.
using Pieces = std::vector<std::string_view>;

std::size_t count_lines(const Pieces& pieces) {
  std::size_t count = 0;
  for (const std::string_view piece : pieces) count += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
  return count;
}

std::size_t bytes_of(const Pieces& pieces) {
  std::size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  return bytes;
}

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

template <class Use>
void for_each_line(const Pieces& pieces, Use use) {
  for (std::string_view left : pieces) {
    while (!left.empty()) {
      const std::string_view line = front_lines(left, {.lines = 1});
      left.remove_prefix(line.size());
      use(line);
    }
  }
}

void refuse_all(model::MirrorOutcome& outcome, const Pieces& pieces, std::string_view why) {
  for_each_line(pieces, [&](std::string_view line) { refuse(outcome, line, why); });
}

/// Those that `is_first` says so of, and the others; lines that lie behind one another stay one piece.
template <class IsFirst>
std::pair<Pieces, Pieces> parted(const Pieces& pieces, IsFirst is_first) {
  std::pair<Pieces, Pieces> parts;
  for_each_line(pieces, [&](std::string_view line) {
    Pieces& into = is_first(line) ? parts.first : parts.second;
    if (!into.empty() && into.back().data() + into.back().size() == line.data()) {
      into.back() = {into.back().data(), into.back().size() + line.size()};
    } else {
      into.push_back(line);
    }
  });
  return parts;
}

std::pair<Pieces, Pieces> halves(const Pieces& pieces) {
  std::size_t left = count_lines(pieces) / 2;
  return parted(pieces, [&left](std::string_view) { return left > 0 && left-- > 0; });
}

std::int64_t instant_of(std::string_view line) {
  const std::size_t at = line.rfind(' ') + 1;
  std::int64_t time_s = 0;
  std::from_chars(line.data() + at, line.data() + line.size(), time_s);
  return time_s;
}

/// The earlier and the later of several instants; of one instant, halves. Channels stand one after the other in a batch, so that what is too old is
/// many stretches by place and one by time.
std::pair<Pieces, Pieces> halves_by_time(const Pieces& pieces) {
  std::vector<std::int64_t> times;
  for_each_line(pieces, [&times](std::string_view line) { times.push_back(instant_of(line)); });
  std::sort(times.begin(), times.end());
  if (times.front() == times.back()) return halves(pieces);
  const std::int64_t middle = times[times.size() / 2];
  const std::int64_t first_later = middle > times.front() ? middle : *std::upper_bound(times.begin(), times.end(), middle);
  return parted(pieces, [first_later](std::string_view line) { return instant_of(line) < first_later; });
}

/// The field that a conflict of types is about; "" when the message names none.
std::string_view field_in(std::string_view message) {
  constexpr std::string_view kBegin = "input field \"";
  const std::size_t at = message.find(kBegin);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = message.substr(at + kBegin.size());
  const std::size_t end = rest.find("\" on measurement");
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

/// Two smaller parts of lines some of which the server does not take, as its words suggest.
std::pair<Pieces, Pieces> parts_to_try(const Pieces& pieces, std::string_view message) {
  if (const std::string_view field = field_in(message); !field.empty()) {
    auto parts = parted(pieces, [field](std::string_view line) { return subject_of(line).field == field; });
    if (!parts.first.empty() && !parts.second.empty()) return parts;
  }
  return halves_by_time(pieces);
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

  std::string compress(const Pieces& pieces) {
    PV_CHECK(deflateReset(&stream) == Z_OK);
    std::string out(deflateBound(&stream, bytes_of(pieces)), '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    for (const std::string_view piece : pieces) {
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      stream.avail_in = static_cast<uInt>(piece.size());
      PV_CHECK(piece.empty() || deflate(&stream, Z_NO_FLUSH) == Z_OK);
      PV_CHECK(stream.avail_in == 0);
    }
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
  std::vector<Pieces> left = {};  // what is not settled, the next at the end
  std::size_t requests = 0;
  std::size_t taken = 0;          // lines
  bool made_bucket = false;
  bool takes_nothing = false;     // it was asked to take no lines at all, and did
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
    batch.left.push_back({part});
    auto settled = settle(batch);
    outcome.requests += batch.requests;
    if (!settled) return settled;
    lines.remove_prefix(part.size());
  }
  return {};
}

Result<HttpResponse> Writer::post(Batch& batch, std::string body) {
  ++batch.requests;
  HttpRequest request;
  request.method = "POST";
  request.target = batch.target;
  request.headers = {{"Content-Encoding", "gzip"}, {"Accept", "application/json"}};
  request.body = std::move(body);
  request.content_type = "text/plain; charset=utf-8";
  return connection_.send(std::move(request), batch.what);
}

Result<void> Writer::settle(Batch& batch) {
  constexpr std::size_t kRequestsALine = 8;  // more than it costs to tell a good line from a bad neighbour
  while (!batch.left.empty()) {
    const Pieces lines = std::move(batch.left.back());
    batch.left.pop_back();
    const std::size_t count = count_lines(lines);
    if (count == 0) continue;
    if (options_.is_stopped && options_.is_stopped()) return fail(Errc::unavailable, fmt::format("{}: stopped before all was sent", batch.what));
    PV_TRY(const HttpResponse answer, post(batch, compressor_->compress(lines)));
    const ServerError said = server_error(answer);
    const bool gave_up = batch.requests >= options_.most_requests + kRequestsALine * batch.taken;
    switch (answer.status) {
      case 204:
        batch.taken += count;
        batch.outcome.points += count;
        continue;
      case 404:
        if (batch.made_bucket) break;
        batch.made_bucket = true;
        PV_TRY_VOID(ensure_bucket(connection_, batch.bucket));
        batch.left.push_back(lines);
        continue;
      case 413: {
        if (count <= 1) break;
        bounds_.bytes = std::clamp(bytes_of(lines) / 2, std::min(kSmallestBatch, bounds_.bytes), bounds_.bytes);
        auto [front, back] = halves(lines);
        batch.left.insert(batch.left.end(), {std::move(back), std::move(front)});
        continue;
      }
      case 400:
      case 422: {
        if (said.code.empty()) break;  // not InfluxDB's own words: nothing is known about any line
        if (gave_up) {
          return fail(Errc::invalid_input, fmt::format("{}: {} requests did not settle which of its lines the server takes; it says: {}", batch.what,
                                                       batch.requests, told(said.message)));
        }
        const auto dropped = dropped_of(said.message);
        if (answer.status == 400 && !dropped) {
          PV_TRY_VOID(settle_unparsable(batch, lines, answer));
        } else if (count > 1 && (!dropped || *dropped < count)) {
          auto [first, second] = parts_to_try(lines, said.message);
          batch.left.insert(batch.left.end(), {std::move(second), std::move(first)});
        } else {
          refuse_all(batch.outcome, lines, said.message);
        }
        continue;
      }
      default: break;
    }
    return fail(connection_.error_of(answer, batch.what));
  }
  return {};
}

Result<void> Writer::settle_unparsable(Batch& batch, const Pieces& lines, const HttpResponse& answer) {
  const ServerError said = server_error(answer);
  const auto named = unparsable(said.message);
  auto [bad, rest] = parted(lines, [&named](std::string_view line) { return named.contains(line.substr(0, line.find('\n'))); });
  if (!bad.empty()) {
    for_each_line(bad, [&](std::string_view line) { refuse(batch.outcome, line, named.at(line.substr(0, line.find('\n')))); });
    batch.left.push_back(std::move(rest));
    return {};
  }
  // It may say so to anything. A line is given up only by a server that has just taken a body without lines.
  const bool is_single = count_lines(lines) == 1;
  if (is_single || !batch.takes_nothing) {
    PV_TRY(const HttpResponse nothing, post(batch, compressor_->compress({})));
    if (nothing.status != 204) return fail(connection_.error_of(nothing.status == 400 ? answer : nothing, batch.what));
    batch.takes_nothing = true;
  }
  if (is_single) {
    refuse_all(batch.outcome, lines, said.message);
  } else {
    auto [front, back] = halves(lines);
    batch.left.insert(batch.left.end(), {std::move(back), std::move(front)});
  }
  return {};
}

}  // namespace pv::influx
