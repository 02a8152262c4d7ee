#pragma once
/// The reading side of one tenant's store file.
///
///   A snapshot shows the store as it stood when it was taken, whatever is written meanwhile, also by other processes.
///   Threads: a Reader is safe to share; a snapshot follows model/source.h.
///   Cost: connections are kept and reused; taking a snapshot costs some tens of microseconds once they are open.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/source.h"

namespace pv::store {

class ConnectionPool;

class Reader final : public model::SampleSource {
 public:
  /// Errors: not_found when there is no such file; corrupt.
  static Result<std::shared_ptr<Reader>> open(const std::filesystem::path& path);
  ~Reader() override;

  Result<std::uint64_t> generation() override;
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override;

  /// Reads every block and looks for damage: checksums, structure, order, references. One line for each finding.
  Result<std::vector<std::string>> verify();

 private:
  explicit Reader(std::shared_ptr<ConnectionPool> pool);
  std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace pv::store
