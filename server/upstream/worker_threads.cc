#include "server/upstream/worker_threads.h"

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "server/upstream/loop_event.h"

namespace session_gateway {

// One job on its way. The worker and the frame share it, for either may be the last to look at it.
struct JobOnItsWay {
  JobOnItsWay(BlockingJob& work, const LoopExecutor& executor) : job(work), ended_event(executor) {}

  BlockingJob& job;
  LoopEvent ended_event;  // loop thread only
  bool ended = false;     // by the pool's mutex
  bool is_left = false;   // the same: nobody waits on the loop, which may be gone
};

class WorkerThreads::Pool {
 public:
  Pool(const LoopExecutor& executor, std::size_t threads_max)
      : executor_(executor), threads_max_(threads_max) {}
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  const LoopExecutor& executor() const { return executor_; }
  bool HaveThread();
  void Add(const std::shared_ptr<JobOnItsWay>& item);
  // The frame goes. Returns once no thread is at the job any more.
  void Leave(JobOnItsWay& item);

 private:
  void WorkOff(WorkerTools& tools);
  void End(std::shared_ptr<JobOnItsWay> item);

  const LoopExecutor executor_;
  const std::size_t threads_max_;
  std::vector<std::thread> threads_;  // loop thread only
  std::mutex mutex_;
  std::condition_variable work_came_;
  std::condition_variable work_ended_;
  std::deque<std::shared_ptr<JobOnItsWay>> items_;
  std::size_t resting_ = 0;
  bool ends_ = false;
};

WorkerThreads::Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  work_came_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerThreads::Pool::Add(const std::shared_ptr<JobOnItsWay>& item) {
  {
    const std::lock_guard lock(mutex_);
    items_.push_back(item);
  }
  work_came_.notify_one();
}

// A thread that was woken and has not yet taken its job still rests.
bool WorkerThreads::Pool::HaveThread() {
  {
    const std::lock_guard lock(mutex_);
    if (resting_ > items_.size()) return true;
  }
  if (threads_.size() >= threads_max_) return false;
  try {
    auto tools = std::make_unique<WorkerTools>();
    threads_.emplace_back([this, own = std::move(tools)] { WorkOff(*own); });
    const std::lock_guard lock(mutex_);
    ++resting_;  // on its behalf, so that two jobs in a row get two threads
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void WorkerThreads::Pool::WorkOff(WorkerTools& tools) {
  for (;;) {
    std::shared_ptr<JobOnItsWay> item;
    {
      std::unique_lock lock(mutex_);
      work_came_.wait(lock, [this] { return ends_ || !items_.empty(); });
      if (items_.empty()) return;
      item = std::move(items_.front());
      items_.pop_front();
      --resting_;
    }
    item->job.Work(tools);
    End(std::move(item));
  }
}

// Posted under the mutex: whoever leaves afterwards knows that nothing will be posted any more.
void WorkerThreads::Pool::End(std::shared_ptr<JobOnItsWay> item) {
  const std::lock_guard lock(mutex_);
  ++resting_;
  item->ended = true;
  if (item->is_left) {
    work_ended_.notify_all();
    return;
  }
  boost::asio::post(executor_, [ended = std::move(item)] { ended->ended_event.Announce(); });
}

void WorkerThreads::Pool::Leave(JobOnItsWay& item) {
  {
    const std::lock_guard lock(mutex_);
    if (item.ended) return;
    item.is_left = true;
  }
  item.job.Abandon();
  std::unique_lock lock(mutex_);
  work_ended_.wait(lock, [&item] { return item.ended; });
}

WorkerThreads::WorkerThreads(const LoopExecutor& executor, std::size_t threads_max)
    : pool_(std::make_unique<Pool>(executor, threads_max)) {}

WorkerThreads::~WorkerThreads() = default;

bool WorkerThreads::Prepare() { return pool_->HaveThread(); }

Task<void> WorkerThreads::Run(BlockingJob& job) {
  class Stay {
   public:
    Stay(Pool& pool, JobOnItsWay& item) : pool_(pool), item_(item) {}
    ~Stay() { pool_.Leave(item_); }
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;

   private:
    Pool& pool_;
    JobOnItsWay& item_;
  };
  const auto item = std::make_shared<JobOnItsWay>(job, pool_->executor());
  pool_->Add(item);
  const Stay stay(*pool_, *item);
  co_await item->ended_event.Wait();
}

}  // namespace session_gateway
