#include "server/keyed_hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace session_gateway {
namespace {

constexpr std::size_t kKeyBytes = 32;

}  // namespace

KeyedHash::KeyedHash(Random& random) {
  std::string key;
  while (key.size() < kKeyBytes) {
    const std::uint32_t bits = random.Next();
    for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>((bits >> shift) & 0xFF);
  }
  key_ = Secret(std::move(key));
}

std::string KeyedHash::Hash(const Secret& text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.Reveal().data(), static_cast<int>(key_.Reveal().size()),
       reinterpret_cast<const unsigned char*>(text.Reveal().data()), text.Reveal().size(), digest.data(),
       &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace session_gateway
