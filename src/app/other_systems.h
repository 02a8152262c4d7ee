#pragma once
/// How the settings say that other systems are reached.

#include "app/settings.h"
#include "influx/connection.h"
#include "influx/token_book.h"
#include "victoria/options.h"

namespace pv::app {

[[nodiscard]] influx::Access influx_access(const Settings& settings);
/// The same with the token that the settings file or its `.env` has by now, so that a new one is found without a restart. What was loaded counts where
/// they no longer read, or speak of another server.
[[nodiscard]] influx::Access current_influx_access(const Settings& settings);
/// Which buckets a company's token covers. The meta bucket has no down-sampled ones.
[[nodiscard]] influx::Cover token_cover(const Settings& settings, std::string_view bucket);
[[nodiscard]] victoria::Options victoria_options(const Settings& settings);

}  // namespace pv::app
