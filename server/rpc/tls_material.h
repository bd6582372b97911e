// Whether PEM texts make a TLS server, found out by making one: what passes here is not refused when gRPC
// loads it.
//
// Thread rule: pure. Never here: files, a text of a key in an answer.
#pragma once

#include <optional>
#include <string>

#include "server/secret.h"

namespace session_gateway {

enum class TlsPart { kCertificate, kKey, kClientCa };

struct TlsProblem {
  TlsPart part;
  std::string reason;  // goes behind the name of the part's file
};

// `client_ca` is null when none is wanted.
std::optional<TlsProblem> CheckTlsMaterial(const Secret& certificate, const Secret& key,
                                           const Secret* client_ca);

}  // namespace session_gateway
