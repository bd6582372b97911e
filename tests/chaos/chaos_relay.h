// One proxied connection: its two sockets in the proxy's epoll, its two flows, and how it ends.
//
// Thread rule: the proxy's lock is held. Never here: which plan it gets, the listener.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "tests/chaos/chaos_flow.h"

namespace session_gateway {

class ChaosRelay {
 public:
  using TimePoint = ChaosFlow::TimePoint;
  enum Side : std::uint8_t { kGateway = 0, kUpstream = 1 };

  // Takes the accepted socket. Events of both sockets carry `2 * id + side` in `epoll`.
  ChaosRelay(int gateway_fd, int epoll, std::uint64_t id, const ChaosConnection& connection,
             const ChaosOptions& options);
  // Closes the sockets.
  ~ChaosRelay();
  ChaosRelay(const ChaosRelay&) = delete;
  ChaosRelay& operator=(const ChaosRelay&) = delete;

  void OnEvents(Side side, std::uint32_t events, TimePoint now);
  // Forwards what may go on, and ends what has to end.
  void Advance(TimePoint now);
  void End(ChaosEnd end, TimePoint now);

  bool finished() const { return state_ == State::kFinished; }
  std::optional<TimePoint> NextDue() const;
  ChaosConnection Snapshot() const;

 private:
  enum class State { kRelaying, kEnding, kFinished };
  // Whether and why a flow has ended while the connection goes on.
  enum class Over : std::uint8_t { kNo, kStalled, kDropped };

  struct Socket {
    int fd = -1;
    std::uint32_t interest = 0;
    bool watched = false;
    bool connecting = false;
    bool blocked = false;  // its buffer took no more
    bool eof = false;
    bool gone = false;    // reset
    bool silent = false;  // has nothing more to tell
    bool shut = false;    // our end was sent
  };

  ChaosFlow& FlowFrom(Side side) { return flows_[side]; }
  static Side Other(Side side) { return side == kGateway ? kUpstream : kGateway; }

  void Connect();
  void Read(Side side, TimePoint now);
  bool WantsRead(Side side) const;
  void Pump(Side from, TimePoint now);
  void CarryOutEnd(Side from, TimePoint now);
  bool IsDelivered(Side side) const;
  void Shut(Side side);
  void BeginEnding(TimePoint now);
  void Reset();
  void Finish();
  void UpdateInterest(Side side);

  const int epoll_;
  const std::uint64_t id_;
  const ChaosConnection connection_;
  std::array<Socket, 2> sockets_;
  std::array<ChaosFlow, 2> flows_;  // from that side
  std::array<Over, 2> over_ = {Over::kNo, Over::kNo};
  State state_ = State::kRelaying;
  std::optional<TimePoint> check_at_;  // for what the system does not tell as an event
};

}  // namespace session_gateway
