#include "api/gzip.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <new>

#include <zlib.h>

#include "base/check.h"

namespace pv::api {
namespace {

constexpr int kLevel = 1;  // on curves level 6 gains a twelfth and takes seven times as long
constexpr int kGzipWindow = 15 + 16;

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' && c != '\t') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

}  // namespace

struct GzipStream::State {
  z_stream stream{};
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
}

GzipStream::~GzipStream() { deflateEnd(&state_->stream); }

void GzipStream::add(std::string_view piece, std::string& out) {
  if (!piece.empty()) run(piece, Z_NO_FLUSH, out);
}

void GzipStream::finish(std::string& out) { run({}, Z_FINISH, out); }

void GzipStream::run(std::string_view piece, int flush, std::string& out) {
  constexpr std::size_t kMost = 1U << 30U;  // zlib counts in 32 bits
  do {
    const std::string_view part = piece.substr(0, kMost);
    piece.remove_prefix(part.size());
    z_stream& stream = state_->stream;
    // zlib's input pointer is not const, but deflate does not write through it.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    std::array<char, 16'384> buffer;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      const int code = deflate(&stream, flush);
      PV_CHECK(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
      out.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!piece.empty());
}

std::string gzip(std::string_view body) {
  GzipStream stream;
  std::string out;
  out.reserve(body.size() / 3 + 64);
  stream.add(body, out);
  stream.finish(out);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  const std::string header = lower(accept_encoding);
  std::string_view rest = header;
  bool any = false;  // what "*" says, which holds for codings that are not named
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::string_view name = item.substr(0, item.find(';'));
    if (name != "gzip" && name != "*") continue;
    const std::size_t q = item.find(";q=");
    const bool allowed = q == std::string_view::npos || item.substr(q + 3).find_first_not_of("0.") != std::string_view::npos;
    if (name == "gzip") return allowed;
    any = allowed;
  }
  return any;
}

}  // namespace pv::api
