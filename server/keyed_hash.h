// Hashes that tell nothing to who does not know the key: HMAC-SHA256.
//
// Thread rule: immutable. Never here: where the key comes from.
#pragma once

#include <string>
#include <utility>

#include "server/random.h"
#include "server/secret.h"

namespace session_gateway {

class KeyedHash {
 public:
  // With a key that nobody else has.
  explicit KeyedHash(Random& random);
  explicit KeyedHash(Secret key) : key_(std::move(key)) {}

  std::string Hash(const Secret& text) const;  // 32 bytes

 private:
  Secret key_;
};

}  // namespace session_gateway
