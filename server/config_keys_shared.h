// What the rows of the configuration's table of keys have in common.
//
// Thread rule: constant data. Never here: rows.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "server/config_keys.h"

namespace session_gateway::config_keys {

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kKiB = 1024;
inline constexpr std::int64_t kMiB = 1024 * kKiB;
inline constexpr std::int64_t kTextBytesMax = 256;
inline constexpr std::int64_t kFileNameBytesMax = 4096;
inline constexpr std::int64_t kIdentitiesMax = 100'000;

inline constexpr std::array<std::string_view, 2> kSwitchChoices = {"off", "on"};
inline constexpr std::array<std::string_view, 2> kTlsVersionChoices = {"1.2", "1.3"};

inline constexpr std::string_view kCaFileDoc =
    "PEM file of the CAs that the upstream's certificate is checked against, instead of the system's";
inline constexpr std::string_view kServerNameDoc =
    "The name or address that the upstream's certificate must have, when that is not the endpoint's host";
inline constexpr std::string_view kCertFileDoc =
    "PEM file of the client certificate, with what stands between it and its root";
inline constexpr std::string_view kKeyFileDoc = "PEM file of the client certificate's key";
inline constexpr std::string_view kPfxFileDoc =
    "PKCS#12 file (.pfx) of client certificate and key, instead of the two PEM files";
inline constexpr std::string_view kKeyPasswordFileDoc =
    "File with the password of the key or the PKCS#12 file";
inline constexpr std::string_view kKeyPasswordEnvDoc = "Variable with the password, instead of its file";
inline constexpr std::string_view kVersionMinDoc = "The oldest TLS version that is spoken";
inline constexpr std::string_view kLogonTimeoutDoc = "Time of one log-on, whatever time its callers have";
inline constexpr std::string_view kRenewMinAgeDoc =
    "A log-on that is younger is not renewed because a call was answered 401";
inline constexpr std::string_view kLockoutMinDoc =
    "How long no log-on is tried after a refused one; doubles with each further refusal";
inline constexpr std::string_view kLockoutMaxDoc = "Where the doubling ends";

// True when one of the upstream's endpoints is https. `upstream` is a member of Config.
template <auto upstream>
bool HasHttps(const Config& config) {
  for (const Endpoint& endpoint : (config.*upstream)->endpoints) {
    if (endpoint.scheme == "https") return true;
  }
  return false;
}
template <auto upstream>
bool HasCertFile(const Config& config) {
  return !(config.*upstream)->tls.cert_file.empty();
}
template <auto upstream>
bool HasKeyFile(const Config& config) {
  return !(config.*upstream)->tls.key_file.empty();
}
template <auto upstream>
bool HasKey(const Config& config) {
  return HasKeyFile<upstream>(config) || !(config.*upstream)->tls.pfx_file.empty();
}

}  // namespace session_gateway::config_keys
