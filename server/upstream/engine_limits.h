// Which engine speaks HTTP, and its bounds. Each but the last has a key of its own in the configuration
// (docs/configuration.md).
//
// Thread rule: values. Never here: limits of calls (config.h).
#pragma once

#include <chrono>
#include <cstddef>

namespace session_gateway {

enum class EngineKind { kBeast, kHttplib };  // http_engine.h, httplib_engine.h

struct EngineLimits {
  EngineKind kind = EngineKind::kBeast;
  // Exchanges under way at once, per endpoint, in kHttplib: each holds a thread.
  std::size_t threads = 256;
  std::size_t answer_header_bytes = 64 * 1024;                    // one header block with its status line
  std::size_t answer_body_bytes = 16 * 1024 * 1024;               // a body, and what is buffered of it
  int informational_answers = 8;                                  // 1xx answers before the final one
  std::size_t connections = 4096;                                 // open at once, per endpoint
  std::size_t idle_connections = 1024;                            // kept for reuse, per endpoint
  std::chrono::milliseconds idle_max = std::chrono::seconds(10);  // below the upstream's own
  std::chrono::milliseconds age_max = std::chrono::minutes(5);    // then a connection is replaced
  // For the body of an answer whose status creates nothing: its header is the whole answer.
  std::chrono::milliseconds error_body_wait = std::chrono::seconds(1);
};

}  // namespace session_gateway
