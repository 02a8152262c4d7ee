#pragma once
/// What files that are about to be stored add to what is stored of their loggers, for their receipts.
///   Threads: confined to one. Cost: that of quality/coverage.h, a snapshot for all files and a look into it for each logger.

#include <span>

#include "ingest/file_reading.h"
#include "model/source.h"

namespace pv::ingest {

/// Sets `coverage` of those that are ready, as if they were stored one after the other. They are of one tenant.
/// A store that cannot be read now tells nothing, and its files are none the worse for it.
void tell_coverage(std::span<FileReading> readings, model::SourceDirectory& stored);

}  // namespace pv::ingest
