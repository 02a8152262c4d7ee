#pragma once
/// Files handed in over HTTP: the body goes to the desk piece by piece, and the answer tells the file's fate.

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "api/call.h"
#include "api/message.h"
#include "base/result.h"

namespace pv::api {

/// How many uploads may run at once, so that slow senders never hold all threads, nor one company's all places.
/// Threads: safe.
class UploadPlaces {
 public:
  UploadPlaces(std::size_t most, std::size_t most_of_a_tenant) : most_(most), most_of_a_tenant_(most_of_a_tenant) {}

  /// Gives back when it goes; the places must outlive it.
  class Place {
   public:
    Place(UploadPlaces& from, std::string tenant) : from_(&from), tenant_(std::move(tenant)) {}
    Place(Place&& other) noexcept : from_(std::exchange(other.from_, nullptr)), tenant_(std::move(other.tenant_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    UploadPlaces* from_;
    std::string tenant_;
  };
  /// Nothing when all are taken.
  [[nodiscard]] std::optional<Place> take(const std::string& tenant);

 private:
  std::size_t most_;
  std::size_t most_of_a_tenant_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> taken_;
  std::size_t all_ = 0;
};

[[nodiscard]] Result<Reply> upload_file(Call& call, UploadPlaces& places);

}  // namespace pv::api
