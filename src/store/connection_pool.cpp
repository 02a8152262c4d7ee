#include "store/connection_pool.h"

#include "store/schema.h"

namespace pv::store {

Result<std::unique_ptr<Connection>> ConnectionPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = std::make_unique<Connection>();
  PV_TRY(connection->database, open_for_reading(path_));
  Database& database = *connection->database;
  PV_TRY(connection->generation, database.prepare("SELECT value FROM meta WHERE key='generation'"));
  PV_TRY(connection->read_block, database.prepare("SELECT data FROM block WHERE id=?"));
  PV_TRY(connection->list_blocks, database.prepare("SELECT id, first_s, last_s, rows, step_s FROM block INDEXED BY block_by_time "
                                                   "WHERE logger=? AND first_s>=? AND first_s<? ORDER BY first_s"));
  return connection;
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(connection));
}

}  // namespace pv::store
