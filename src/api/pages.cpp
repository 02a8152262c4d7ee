#include "api/pages.h"

#include <algorithm>

#include "api/problem.h"

namespace pv::api {
namespace {

constexpr std::string_view kAssets = "/assets/";

const StaticFile* find(std::span<const StaticFile> files, std::string_view path) {
  const auto found = std::find_if(files.begin(), files.end(), [path](const StaticFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

/// An entity tag names one sequence of bytes, so the compressed form has its own: "abc" -> "abc-gz".
std::string tag_of(const StaticFile& file, bool compressed) {
  std::string tag(file.etag);
  if (compressed && tag.size() >= 2) tag.insert(tag.size() - 1, "-gz");
  return tag;
}

std::string_view without_weak_mark(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    std::string_view item = if_none_match.substr(0, if_none_match.find(','));
    if_none_match.remove_prefix(std::min(if_none_match.size(), item.size() + 1));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (item == "*" || (!item.empty() && without_weak_mark(item) == without_weak_mark(etag))) return true;
  }
  return false;
}

Reply page(std::span<const StaticFile> files, const Request& request) {
  const StaticFile* file = find(files, request.path);
  if (file == nullptr && !request.path.starts_with(kAssets)) file = find(files, "/index.html");
  if (file == nullptr) return problem(404, "there is no such page");

  const bool compressed = request.accepts_gzip && !file->gzip.empty();
  const std::string tag = tag_of(*file, compressed);
  Reply reply;
  reply.compressible = false;
  reply.content_type = file->content_type;
  reply.headers.emplace_back("ETag", tag);
  reply.headers.emplace_back("Vary", "Accept-Encoding");
  reply.headers.emplace_back("Cache-Control",
                             file->path.starts_with(kAssets) ? "public, max-age=31536000, immutable" : "no-cache");
  if (etag_matches(request.if_none_match, tag)) {
    reply.status = 304;
    return reply;
  }
  if (compressed) reply.headers.emplace_back("Content-Encoding", "gzip");
  reply.fixed_body = compressed ? file->gzip : file->plain;
  return reply;
}

}  // namespace pv::api
