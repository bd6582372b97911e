#include "server/upstream/xrfkey.h"

#include <cstdint>

namespace session_gateway {
namespace {

constexpr std::size_t kXrfkeyLength = 16;
constexpr std::string_view kXrfkeyAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr char kXrfkeyStandIn[] = "0000000000000000";

// Each 32 bits give five indices of 6 bits; those beyond the alphabet are thrown away, so that every
// character is equally likely.
std::string MakeXrfkey(Random& random) {
  std::string key;
  while (key.size() < kXrfkeyLength) {
    std::uint32_t bits = random.Next();
    for (int i = 0; i < 5 && key.size() < kXrfkeyLength; ++i, bits >>= 6) {
      const std::uint32_t index = bits & 63;
      if (index < kXrfkeyAlphabet.size()) key += kXrfkeyAlphabet[index];
    }
  }
  return key;
}

void Add(const std::string& key, HttpRequest& request) {
  request.query.insert(request.query.begin(), {"xrfkey", key, Secrecy::kSecret});
  request.headers.push_back({"x-qlik-xrfkey", key, Secrecy::kSecret});
}

}  // namespace

void AddXrfkey(Random& random, HttpRequest& request) { Add(MakeXrfkey(random), request); }

void AddXrfkeyStandIn(HttpRequest& request) { Add(kXrfkeyStandIn, request); }

}  // namespace session_gateway
