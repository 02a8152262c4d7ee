#pragma once
/// model::SourceDirectory over InfluxDB: curves are read through Flux where there is no embedded store.
///
/// Companies are the buckets that a company's name can have (not the server's own, not down-sampled ones, not the meta bucket). Campaigns, loggers
/// and channels are what the tags of measurement `electrical` say; a channel is one even where its series have differing tags. Differences to the
/// embedded store, which cannot be told from the points:
///   - there are no files and no conflicts, and no last file of a logger;
///   - a row exists where some channel has a value; `rows` of summaries and blocks is the most values of a channel in it, so that rows in which
///     channels take turns are more than it says;
///   - a block whose channels have as many values each, from the same first to the same last instant, is taken to have the same rows in all;
///   - there are no frozen moments: samples written while a snapshot is read may show in it.
/// generation() counts up when one of two cheap numbers has changed: file reports for the bucket in the meta bucket, and samples since the day before
/// yesterday (UTC); and every ten minutes, for whoever else writes older ones. The server is asked every `look_s` at most. One thread fetches what
/// several want, and a server that is away is not asked again for a few seconds (base/shared_answer.h).
/// The step of a block is what its stamps show, in its fullest channel; that of a logger, what its last rows show.
///   Memory: the catalogue, and one block for each reader (16,384 rows at most). Threads: directory and sources safe; snapshots as model says.

#include <cstdint>
#include <memory>
#include <string>

#include "influx/bucket.h"
#include "influx/connection.h"
#include "model/source.h"

namespace pv::influx {

struct SourceOptions {
  std::string meta_bucket = std::string(kMetaBucket);
  std::int64_t look_s = 5;
};

[[nodiscard]] std::unique_ptr<model::SourceDirectory> open_directory(Access access, SourceOptions options = {});

}  // namespace pv::influx
