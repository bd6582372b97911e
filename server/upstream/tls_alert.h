// TLS alerts by number: their names, and which of them refuse a certificate.
//
// Thread rule: pure functions. Never here: what a refusal means for a call.
#pragma once

#include <string>

namespace session_gateway {

// In the spelling of RFC 8446 and RFC 5246, with the number: `unknown_ca (48)`.
std::string TlsAlertText(int alert);

// Sent by a peer that does not take our certificate, or misses one.
bool IsCertificateRefusal(int alert);

}  // namespace session_gateway
