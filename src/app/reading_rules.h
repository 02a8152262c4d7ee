#pragma once
/// How files are read, from the settings: shared by `ingest` and `serve`.

#include "app/settings.h"
#include "app/zones.h"
#include "ingest/file_reading.h"
#include "model/source.h"

namespace pv::app {

/// Borrows all; they outlive the rules. `stored` is asked what it knows of a file's instants, for its plausibility.
ingest::ReadingRules reading_rules(const Settings& settings, const Zones& zones, model::SourceDirectory& stored);

}  // namespace pv::app
