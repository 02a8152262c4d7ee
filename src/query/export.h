#pragma once
/// Streams the samples of a period as text, all loggers merged in time order, in bounded memory: the period is worked
/// through in windows of rows, so that a thousand loggers need no more memory than one.

#include <functional>
#include <string_view>

#include "base/result.h"
#include "query/row_writer.h"
#include "query/scope.h"

namespace pv::query {

/// Takes a piece of text (some 64 kB); false ends the export early.
using TextSink = std::function<bool(std::string_view)>;

/// Rows in which none of the scope's channels has a value are left out. The campaign's name replaces
/// `options.campaign`. The csv heading comes first, even when there is no row.
/// Errors: those of the snapshot, at whatever row they occur: what was handed over before stays handed over.
/// Reads as worker 0. Cost: a block that spans n windows is decoded n times.
[[nodiscard]] Result<void> export_text(const Scope& scope, model::Period period, RowWriterOptions options,
                                       const TextSink& sink);

}  // namespace pv::query
