// One connection that keeps a fixed number of calls under way: as soon as one has ended, the next begins.
//
// Thread rule: one thread, that of the loop. Never here: when the run ends, how long a call may take.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/load/byte_stream.h"
#include "tests/bench/load/meter.h"

namespace session_gateway::bench {

struct CallOptions {
  std::string target;   // path, with its query
  std::string method;   // of HTTP/1.1
  std::string request;  // the message, or the JSON text
  std::string reply;    // byte for byte; empty: any
  std::string status;   // of HTTP/1.1
  bool unique_id = false;
  bool tls = false;
};

// The numbers of calls, and the first reply that came. A run's request_ids are its own, so that none is a
// repeat of an earlier run's.
struct CallBook {
  std::string id_prefix;  // eight hexadecimal digits
  std::uint64_t begun = 0;
  std::string first_reply;
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual int socket() const = 0;
  // Fills the connection with calls.
  virtual void Start() = 0;
  // The socket is ready. False: the connection is gone, and with it its calls.
  virtual bool OnReady() = 0;
  virtual bool wants_to_send() const = 0;
  virtual int in_flight() const = 0;
};

std::unique_ptr<Connection> MakeGrpcConnection(std::unique_ptr<ByteStream> stream, const CallOptions& options,
                                               int in_flight, Meter& meter, CallBook& book);
std::unique_ptr<Connection> MakeHttpConnection(std::unique_ptr<ByteStream> stream, const CallOptions& options,
                                               Meter& meter, CallBook& book);

}  // namespace session_gateway::bench
