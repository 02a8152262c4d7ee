#pragma once
/// Counts what is in use by name (sessions of an address, of an account), and lets no more than so many be.
///   Threads: safe. A tally outlives its places.

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace pv::sftp {

class Tally {
 public:
  class Place {
   public:
    Place(Place&& other) noexcept : tally_(std::exchange(other.tally_, nullptr)), name_(std::move(other.name_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (tally_ != nullptr) tally_->give(name_);
    }

   private:
    friend class Tally;
    Place(Tally* tally, std::string name) : tally_(tally), name_(std::move(name)) {}
    Tally* tally_;
    std::string name_;
  };

  explicit Tally(std::size_t most) : most_(most) {}

  /// Nothing when as many as there may be are in use.
  [[nodiscard]] std::optional<Place> take(const std::string& name) {
    const std::lock_guard lock(mutex_);
    std::size_t& used = used_[name];
    if (used >= most_) return std::nullopt;
    ++used;
    return Place(this, name);
  }

 private:
  void give(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = used_.find(name);
    if (--found->second == 0) used_.erase(found);
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> used_;
};

}  // namespace pv::sftp
