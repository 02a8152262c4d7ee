#pragma once
/// Open read connections of one store file, handed out and taken back.
///   Threads: safe.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "codec/scratch.h"

namespace pv::store {

/// What one thread needs to read blocks.
struct Connection {
  std::unique_ptr<Database> database;
  Statement generation, read_block, list_blocks;
  codec::Scratch scratch;
};

class ConnectionPool {
 public:
  explicit ConnectionPool(std::filesystem::path path) : path_(std::move(path)) {}

  Result<std::unique_ptr<Connection>> take();
  void give_back(std::unique_ptr<Connection> connection);
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  // More than one query's worth of idle connections would only hold memory.
  static constexpr std::size_t kMaxIdle = 4;

  std::filesystem::path path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace pv::store
