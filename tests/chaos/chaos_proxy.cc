#include "tests/chaos/chaos_proxy.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "tests/chaos/chaos_listener.h"
#include "tests/chaos/chaos_relay.h"

namespace session_gateway {
namespace {

using TimePoint = ChaosFlow::TimePoint;

constexpr std::uint64_t kListenerTag = ~std::uint64_t{0};
constexpr std::uint64_t kWakeTag = kListenerTag - 1;
constexpr std::size_t kPlansQueuedMax = 65536;

bool MetItsEnd(const ChaosConnection& connection) {
  return connection.plan.accept != ChaosAccept::kForward || connection.request.ended ||
         connection.answer.ended;
}

}  // namespace

class ChaosProxy::Impl {
 public:
  explicit Impl(const ChaosOptions& options)
      : upstream_port_(options.upstream_port),
        options_(options),
        epoll_(CheckedCall(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
        wake_(CheckedCall(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
        listener_(options.receive_buffer_bytes) {
    Watch(wake_, kWakeTag);
    SetListening(ChaosListening::kOpen);
    thread_ = std::thread([this] { Run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    Wake();
    thread_.join();
    relays_.clear();
    ::close(wake_);
    ::close(epoll_);
  }

  int port() const { return listener_.port(); }

  // Runs `change` under the lock, and lets the loop see what came of it.
  template <typename Change>
  void Do(Change&& change) {
    {
      const std::lock_guard lock(mutex_);
      change(*this);
    }
    Wake();
  }

  template <typename Look>
  auto Ask(Look&& look) const {
    const std::lock_guard lock(mutex_);
    return look(*this);
  }

  bool WaitFor(const std::function<bool(const ChaosTotals&)>& condition,
               std::chrono::milliseconds patience) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return condition(Totals()); });
  }

  void SetListening(ChaosListening listening);
  void EndOpen(ChaosEnd end);
  ChaosTotals Totals() const;
  std::vector<ChaosConnection> Connections() const;
  ChaosConnection Last() const;

  // For connections to come; guarded by mutex_.
  ChaosPlan plan_;
  ChaosChooser chooser_;
  std::deque<ChaosPlan> next_;
  int upstream_port_;

 private:
  void Run();
  void Accept();
  ChaosPlan Choose(int index);
  void Handle(std::uint64_t tag, std::uint32_t events, TimePoint now);
  void AdvanceAll(TimePoint now);
  void Retire(const ChaosConnection& connection);
  static void Add(const ChaosConnection& connection, ChaosTotals& totals);
  int Timeout(TimePoint now) const;
  void Watch(int fd, std::uint64_t tag) const;
  void Wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
  }

  const ChaosOptions options_;
  const int epoll_;
  const int wake_;
  ChaosListener listener_;
  bool stopping_ = false;
  std::map<std::uint64_t, std::unique_ptr<ChaosRelay>> relays_;  // by the connection's index
  std::deque<ChaosConnection> closed_;                           // bounded by kConnectionsKept
  ChaosTotals closed_totals_;
  int accepted_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::thread thread_;
};

void ChaosProxy::Impl::Watch(int fd, std::uint64_t tag) const {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  CheckedCall(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

void ChaosProxy::Impl::SetListening(ChaosListening listening) {
  listener_.Set(listening);
  if (listener_.fd() >= 0) Watch(listener_.fd(), kListenerTag);
}

void ChaosProxy::Impl::EndOpen(ChaosEnd end) {
  const TimePoint now = std::chrono::steady_clock::now();
  for (const auto& [id, relay] : relays_) relay->End(end, now);
}

void ChaosProxy::Impl::Run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    int timeout = -1;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      timeout = Timeout(std::chrono::steady_clock::now());
    }
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    {
      const std::lock_guard lock(mutex_);
      const TimePoint now = std::chrono::steady_clock::now();
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        Handle(event.data.u64, event.events, now);
      }
      AdvanceAll(now);
    }
    changed_.notify_all();
  }
}

void ChaosProxy::Impl::Handle(std::uint64_t tag, std::uint32_t events, TimePoint now) {
  if (tag == kListenerTag) return Accept();
  if (tag == kWakeTag) {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_, &ignored, sizeof(ignored));
    return;
  }
  // Events of a relay that ended in this turn find nothing.
  const auto found = relays_.find(tag / 2);
  if (found != relays_.end()) found->second->OnEvents(static_cast<ChaosRelay::Side>(tag % 2), events, now);
}

void ChaosProxy::Impl::Accept() {
  for (int fd = listener_.Accept(); fd >= 0; fd = listener_.Accept()) {
    ChaosConnection connection;
    connection.index = accepted_++;
    connection.plan = Choose(connection.index);
    const auto id = static_cast<std::uint64_t>(connection.index);
    relays_.emplace(id, std::make_unique<ChaosRelay>(fd, epoll_, id, connection, options_));
  }
}

ChaosPlan ChaosProxy::Impl::Choose(int index) {
  ChaosPlan plan = plan_;
  if (!next_.empty()) {
    plan = next_.front();
    next_.pop_front();
  } else if (chooser_) {
    plan = chooser_(index);
  }
  if (plan.upstream_port == 0) plan.upstream_port = upstream_port_;
  return plan;
}

void ChaosProxy::Impl::AdvanceAll(TimePoint now) {
  for (auto it = relays_.begin(); it != relays_.end();) {
    it->second->Advance(now);
    if (!it->second->finished()) {
      ++it;
      continue;
    }
    Retire(it->second->Snapshot());
    it = relays_.erase(it);
  }
}

void ChaosProxy::Impl::Retire(const ChaosConnection& connection) {
  Add(connection, closed_totals_);
  closed_.push_back(connection);
  if (closed_.size() > kConnectionsKept) closed_.pop_front();
}

void ChaosProxy::Impl::Add(const ChaosConnection& connection, ChaosTotals& totals) {
  totals.open += connection.open ? 1 : 0;
  totals.ended += MetItsEnd(connection) ? 1 : 0;
  totals.request_received += connection.request.received;
  totals.request_forwarded += connection.request.forwarded;
  totals.answer_received += connection.answer.received;
  totals.answer_forwarded += connection.answer.forwarded;
}

int ChaosProxy::Impl::Timeout(TimePoint now) const {
  std::optional<TimePoint> next;
  for (const auto& [id, relay] : relays_) {
    const std::optional<TimePoint> due = relay->NextDue();
    if (due && (!next || *due < *next)) next = due;
  }
  if (!next) return -1;
  if (*next <= now) return 0;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*next - now).count());
}

ChaosTotals ChaosProxy::Impl::Totals() const {
  ChaosTotals totals = closed_totals_;
  for (const auto& [id, relay] : relays_) Add(relay->Snapshot(), totals);
  totals.accepted = accepted_;
  return totals;
}

std::vector<ChaosConnection> ChaosProxy::Impl::Connections() const {
  std::map<int, ChaosConnection> all;  // connections do not close in the order of their coming
  for (const ChaosConnection& connection : closed_) all.emplace(connection.index, connection);
  for (const auto& [id, relay] : relays_) all.emplace(static_cast<int>(id), relay->Snapshot());
  std::vector<ChaosConnection> ordered;
  for (auto& [index, connection] : all) ordered.push_back(std::move(connection));
  return ordered;
}

ChaosConnection ChaosProxy::Impl::Last() const {
  const auto open = relays_.find(static_cast<std::uint64_t>(accepted_) - 1);
  if (open != relays_.end()) return open->second->Snapshot();
  for (auto it = closed_.rbegin(); it != closed_.rend(); ++it) {
    if (it->index == accepted_ - 1) return *it;
  }
  ChaosConnection none;
  none.index = -1;
  none.open = false;
  return none;
}

ChaosProxy::ChaosProxy(const ChaosOptions& options) : impl_(std::make_unique<Impl>(options)) {}
ChaosProxy::~ChaosProxy() = default;

int ChaosProxy::port() const { return impl_->port(); }

void ChaosProxy::SetPlan(const ChaosPlan& plan) {
  impl_->Do([&](Impl& impl) {
    impl.plan_ = plan;
    impl.chooser_ = nullptr;
  });
}

void ChaosProxy::SetChooser(ChaosChooser chooser) {
  impl_->Do([&](Impl& impl) { impl.chooser_ = std::move(chooser); });
}

void ChaosProxy::PlanNext(const ChaosPlan& plan, int connections) {
  impl_->Do([&](Impl& impl) {
    for (int i = 0; i < connections && impl.next_.size() < kPlansQueuedMax; ++i) impl.next_.push_back(plan);
  });
}

void ChaosProxy::Forward() {
  impl_->Do([](Impl& impl) {
    impl.plan_ = {};
    impl.chooser_ = nullptr;
    impl.next_.clear();
  });
}

void ChaosProxy::SetUpstream(int port) {
  impl_->Do([&](Impl& impl) { impl.upstream_port_ = port; });
}
void ChaosProxy::SetListening(ChaosListening listening) {
  impl_->Do([&](Impl& impl) { impl.SetListening(listening); });
}
void ChaosProxy::EndOpen(ChaosEnd end) {
  impl_->Do([&](Impl& impl) { impl.EndOpen(end); });
}

ChaosTotals ChaosProxy::totals() const {
  return impl_->Ask([](const Impl& impl) { return impl.Totals(); });
}
std::vector<ChaosConnection> ChaosProxy::connections() const {
  return impl_->Ask([](const Impl& impl) { return impl.Connections(); });
}
ChaosConnection ChaosProxy::last() const {
  return impl_->Ask([](const Impl& impl) { return impl.Last(); });
}
bool ChaosProxy::WaitFor(const std::function<bool(const ChaosTotals&)>& condition,
                         std::chrono::milliseconds patience) const {
  return impl_->WaitFor(condition, patience);
}

}  // namespace session_gateway
