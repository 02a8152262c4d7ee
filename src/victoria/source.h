#pragma once
/// Curves read from VictoriaMetrics: the same rows and numbers as from the embedded store, with these differences.
///
///   Not kept there: conflicts (the values that lost) and files; both lists are empty, and no logger has a last file.
///   No snapshot: VictoriaMetrics has none. Rows that arrive while a snapshot is open may show in a block that is read later, and while a corrected
///   series is written anew (docs/victoriametrics.md) its rows are missing for that time.
///   Counted by the server: rows of a logger are those of its channel that has most. read() is exact: the union of the stamps of all channels.
///   Step: from the channel that has most; a list of all campaigns gives it only where it is known already, else 0.
///   Numbers: at most 15 digits, 12 are sure.
///   The generation is the latest sample of powerview_generation, which PowerView's copy writes after each change: asked for at most once a second
///   (`look`), as the list of companies. What others write with the same labels shows after the next change by PowerView.
///   A company's source, its catalogue and its steps are kept as long as the directory; one thread fetches what several want, and a VictoriaMetrics
///   that is away is not asked again for a few seconds (base/shared_answer.h).
///   Errors: unavailable, denied, invalid_input as victoria/server.h; not_found.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/shared_answer.h"
#include "model/source.h"
#include "victoria/options.h"

namespace pv::victoria {

struct SourceOptions {
  std::chrono::milliseconds look{1'000};
};

class Directory final : public model::SourceDirectory {
 public:
  /// Connects to nothing yet. Errors: invalid_input (addresses).
  static Result<std::unique_ptr<Directory>> open(const Options& options, SourceOptions reading = {});
  /// Companies with samples.
  Result<std::vector<model::TenantName>> tenants() override;
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override;

 private:
  struct Listed {
    std::vector<model::TenantName> tenants;
    std::chrono::steady_clock::time_point at;
    [[nodiscard]] bool has(const model::TenantName& tenant) const;
  };
  Directory(Options options, SourceOptions reading) : options_(std::move(options)), reading_(reading) {}
  Result<Listed> list();
  [[nodiscard]] bool is_recent(const Listed& listed) const;

  Options options_;
  SourceOptions reading_;
  SharedAnswer<Listed> listed_;
  std::mutex mutex_;
  std::map<model::TenantName, std::shared_ptr<model::SampleSource>> sources_;
};

}  // namespace pv::victoria
