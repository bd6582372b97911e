// What OpenSSL reads from and writes to: a non-blocking socket, with exact knowledge of what the system took.
//
// Once the peer is gone, what is written is dropped as if it had been taken (but not counted): the peer may
// have said why it left, and only a state machine that is not stuck in writing reads on to that. Thread rule:
// one thread at a time. Never here: waiting.
#pragma once

#include <cstddef>

#include "server/upstream/tls_openssl.h"

namespace session_gateway {

struct SocketBio {
  int descriptor = -1;    // -1: closed
  bool counts = false;    // what is written now belongs to an exchange
  std::size_t taken = 0;  // of it, by the system
  bool drained = false;   // the last read found nothing; set false before a look
  bool ended = false;     // the peer has ended the stream
  int read_error = 0;     // of the system, or 0
  int write_error = 0;    // the same; stays
};

Owned<BIO_METHOD> MakeSocketBioMethod();
// For both directions. Both arguments outlive it; null when there is no memory.
Owned<BIO> MakeSocketBio(const BIO_METHOD* method, SocketBio& state);

}  // namespace session_gateway
