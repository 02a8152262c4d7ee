#pragma once
/// The static pages: strong ETags, compressed bytes as the build made them, long caching for what has a hash in its name.
/// Any path that is no file and no asset is the single page's own business and gets /index.html.

#include <span>
#include <string_view>

#include "api/message.h"
#include "api/server.h"

namespace pv::api {

/// The files must outlive the reply. 404 for an unknown asset, and for everything when there are no pages.
[[nodiscard]] Reply page(std::span<const StaticFile> files, const Request& request);

/// Whether an If-None-Match header names this entity tag, by weak comparison ("*" names all).
[[nodiscard]] bool etag_matches(std::string_view if_none_match, std::string_view etag);

}  // namespace pv::api
