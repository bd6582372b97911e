#include "server/upstream/tls_alert.h"

namespace session_gateway {
namespace {

struct Alert {
  int number;
  const char* name;
  bool refuses_certificate;
};

constexpr Alert kAlerts[] = {
    {0, "close_notify", false},
    {10, "unexpected_message", false},
    {20, "bad_record_mac", false},
    {21, "decryption_failed", false},
    {22, "record_overflow", false},
    {30, "decompression_failure", false},
    {40, "handshake_failure", false},
    {41, "no_certificate", false},
    {42, "bad_certificate", true},
    {43, "unsupported_certificate", true},
    {44, "certificate_revoked", true},
    {45, "certificate_expired", true},
    {46, "certificate_unknown", true},
    {47, "illegal_parameter", false},
    {48, "unknown_ca", true},
    {49, "access_denied", true},
    {50, "decode_error", false},
    {51, "decrypt_error", false},
    {60, "export_restriction", false},
    {70, "protocol_version", false},
    {71, "insufficient_security", false},
    {80, "internal_error", false},
    {86, "inappropriate_fallback", false},
    {90, "user_canceled", false},
    {100, "no_renegotiation", false},
    {109, "missing_extension", false},
    {110, "unsupported_extension", false},
    {111, "certificate_unobtainable", false},
    {112, "unrecognized_name", false},
    {113, "bad_certificate_status_response", false},
    {114, "bad_certificate_hash_value", false},
    {115, "unknown_psk_identity", false},
    {116, "certificate_required", true},
    {120, "no_application_protocol", false},
};

const Alert* Find(int number) {
  for (const Alert& alert : kAlerts) {
    if (alert.number == number) return &alert;
  }
  return nullptr;
}

}  // namespace

std::string TlsAlertText(int alert) {
  const Alert* known = Find(alert);
  return std::string(known == nullptr ? "unknown" : known->name) + " (" + std::to_string(alert) + ")";
}

bool IsCertificateRefusal(int alert) {
  const Alert* known = Find(alert);
  return known != nullptr && known->refuses_certificate;
}

}  // namespace session_gateway
