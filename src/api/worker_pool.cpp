#include "api/worker_pool.h"

#include <iterator>
#include <system_error>
#include <utility>

namespace pv::api {

bool WorkerPool::submit(std::function<void()> job) {
  std::unique_lock lock(mutex_);
  join_gone(lock);
  if (jobs_.size() >= options_.most_waiting) return false;
  jobs_.push_back(std::move(job));
  if (jobs_.size() <= idle_ || threads_.size() >= options_.most_threads) {
    wake_.notify_one();
    return true;
  }
  threads_.emplace_back();
  const auto self = std::prev(threads_.end());
  try {
    *self = std::thread([this, self] { work(self); });
  } catch (const std::system_error&) {  // the system gives no more threads: those there are take the job
    threads_.erase(self);
    if (threads_.empty()) {
      jobs_.pop_back();
      return false;
    }
    wake_.notify_one();
  }
  return true;
}

void WorkerPool::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  wake_.notify_all();
  left_.wait(lock, [this] { return threads_.empty(); });
  join_gone(lock);
}

std::size_t WorkerPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void WorkerPool::work(std::list<std::thread>::iterator self) {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait_for(lock, options_.idle, [this] { return closed_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) break;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
  gone_.splice(gone_.end(), threads_, self);
  left_.notify_all();
}

void WorkerPool::join_gone(std::unique_lock<std::mutex>& lock) {
  std::list<std::thread> gone = std::move(gone_);
  gone_.clear();
  lock.unlock();
  for (std::thread& thread : gone) thread.join();
  lock.lock();
}

}  // namespace pv::api
