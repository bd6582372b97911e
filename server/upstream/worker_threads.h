// A bounded number of threads for work that blocks, and the way of a coroutine there and back.
//
// A thread is made when none rests, and kept. Bound: the number given. Thread rule: Run and destruction on
// the loop thread; Work on one of the threads, which holds nothing of the loop; a job's Abandon on the loop
// thread while it works. What a worker has written is seen by the loop once Run has ended. Never here: what
// the work is, a queue (whoever runs jobs counts them).
#pragma once

#include <cstddef>
#include <memory>

#include "server/event_loop.h"
#include "server/upstream/httplib_reader.h"
#include "server/upstream/wakeup.h"

namespace session_gateway {

// What each thread has for the job that it does.
struct WorkerTools {
  Wakeup wakeup;
  HttplibReader reader;
};

class BlockingJob {
 public:
  virtual ~BlockingJob() = default;
  // Does not throw. The tools are the job's own while it works.
  virtual void Work(WorkerTools& tools) = 0;
  // Makes Work return soon, or at once when it has not begun.
  virtual void Abandon() = 0;
};

class WorkerThreads {
 public:
  WorkerThreads(const LoopExecutor& executor, std::size_t threads_max);
  // Nothing is running, or only jobs of frames that are destroyed with their loop.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  // There is a thread for one more job. False: the system has none to give.
  bool Prepare();
  // Returns after the work. In the same turn as Prepare, and at most `threads_max` at once. A frame that is
  // destroyed meanwhile abandons the job and waits for its thread.
  Task<void> Run(BlockingJob& job);

 private:
  class Pool;
  const std::unique_ptr<Pool> pool_;
};

}  // namespace session_gateway
