#pragma once
/// Curves read from VictoriaMetrics: the same rows and numbers as from the embedded store, with these differences.
///
///   Not kept there: conflicts (the values that lost) and files; both lists are empty, and no logger has a last file.
///   No snapshot: VictoriaMetrics has none. Rows that arrive while a snapshot is open may show in a block that is read later, and while a corrected
///   series is written anew (docs/victoriametrics.md) its rows are missing for that time.
///   Counted by the server: rows of a logger are those of its channel that has most. read() is exact: the union of the stamps of all channels.
///   Step: from the channel that has most; a list of all campaigns gives it only where it is known already, else 0.
///   Numbers: at most 15 digits, 12 are sure.
///   The generation is the latest sample of powerview_generation, which PowerView's copy writes after each change: asked for at most once a second.
///   What others write with the same labels shows after the next change by PowerView.
///   Errors: unavailable, denied, invalid_input as victoria/server.h; not_found.

#include <memory>
#include <vector>

#include "model/source.h"
#include "victoria/options.h"

namespace pv::victoria {

class Directory final : public model::SourceDirectory {
 public:
  /// Connects to nothing yet. Errors: invalid_input (addresses).
  static Result<std::unique_ptr<Directory>> open(const Options& options);
  /// Companies with samples. Cost: one request.
  Result<std::vector<model::TenantName>> tenants() override;
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override;

 private:
  explicit Directory(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace pv::victoria
