// google.protobuf.Timestamp as an Instant, and back, for a message that is known by its descriptor only.
//
// Thread rule: pure functions. Never here: the text of a date (date_text.h).
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "translator/date_text.h"

namespace session_gateway {

inline Instant GetTimestamp(const google::protobuf::Message& message) {
  const auto& timestamp = static_cast<const google::protobuf::Timestamp&>(message);
  return {timestamp.seconds(), timestamp.nanos()};
}

inline void SetTimestamp(Instant instant, google::protobuf::Message& message) {
  auto& timestamp = static_cast<google::protobuf::Timestamp&>(message);
  timestamp.set_seconds(instant.seconds);
  timestamp.set_nanos(instant.nanos);
}

}  // namespace session_gateway
