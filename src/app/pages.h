#pragma once
/// The web pages, built into the program (cmake/pages.cmake makes the table from ui/dist).

#include <span>

#include "api/server.h"

namespace pv::app {

[[nodiscard]] std::span<const api::StaticFile> pages() noexcept;

}  // namespace pv::app
