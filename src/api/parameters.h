#pragma once
/// Query parameters, checked. Every error is invalid_input and names the parameter, what is wrong, what would be right.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "api/message.h"
#include "base/result.h"
#include "model/source.h"

namespace pv::api {

/// Refuses parameters that the route does not know (a misspelt "chanels" must not mean all channels) and those given
/// twice, "channels" excepted.
[[nodiscard]] Result<void> check_known(const Request& request, std::initializer_list<std::string_view> known);

/// Nothing when absent.
[[nodiscard]] std::optional<std::string_view> text_param(const Request& request, std::string_view name);
[[nodiscard]] Result<std::optional<std::int64_t>> int_param(const Request& request, std::string_view name, std::int64_t least,
                                                            std::int64_t most);

/// Unix seconds, or ISO 8601 with Z or an offset ("2025-10-26T02:00:00+01:00"; a space for '+', as some clients send it).
[[nodiscard]] Result<std::int64_t> parse_instant(std::string_view name, std::string_view text);

/// Parameters `from` and `to_name`; what is absent is taken from `whole`. Errors: the end does not lie after the begin.
[[nodiscard]] Result<model::Period> period_param(const Request& request, std::string_view to_name, model::Period whole);

/// Parameter `channels`: fields parted by commas, or the parameter several times; absent: all. In the order asked for.
[[nodiscard]] Result<std::vector<model::ChannelSummary>> channels_param(const Request& request,
                                                                        std::span<const model::ChannelSummary> all);

/// One path segment, percent-decoded. Errors: invalid_input for a broken escape.
[[nodiscard]] Result<std::string> decode_segment(std::string_view segment);

}  // namespace pv::api
