// What can be wrong between the gateway and an upstream, by name, with what it means and what to do about it
// in an administrator's words. The sources of the facts are in docs/symphony.md and docs/qlik.md.
//
// Thread rule: constant data. Never here: how a finding is made (server/doctor/judge.h).
#pragma once

#include <span>
#include <string_view>

#include "translator/rpc_error.h"

namespace session_gateway {

enum class Finding {
  kNone,
  kCredentialUnusable,
  // Resolution and connection.
  kUnknownHost,
  kConnectionRefused,
  kConnectionTimedOut,
  kConnectionFailed,
  // TLS.
  kPlainHttpOnTlsPort,  // the endpoint says https, the port speaks HTTP
  kTlsOnPlainPort,      // the endpoint says http, the port speaks TLS
  kTlsVersion,
  kTlsFailed,
  kCertificateExpired,
  kCertificateNotYetValid,
  kCertificateExpiresSoon,
  kUnknownAuthority,
  kWrongName,
  kWrongPurpose,
  kWeakCertificate,
  kCertificateRejected,  // for another reason
  // The gateway's certificate.
  kClientCertificateMissing,
  kClientCertificateRefused,
  kClientCertificateExpired,
  kClientCertificateExpiresSoon,
  // Log-on and reading.
  kLogonRefused,
  kAccountLocked,
  kNoLogonPath,
  kLogonPage,
  kNoLogonCookie,
  kNoCsrfToken,
  kRenewalFailed,
  kXsrfRefused,
  kMalformedUser,
  kUserInactive,
  kNoRight,
  kTooManySessions,
  kNoAccessPass,
  kNotLoggedOn,
  kWrongPath,
  kTooManyRequests,
  kServerError,
  kNotThisApi,
  kNoAnswer,
  // The clock.
  kClockSkew,
};

struct FindingText {
  Finding finding;
  std::string_view name;      // for programs: `connection_refused`
  std::string_view means;     // one sentence
  std::string_view symphony;  // what to do there
  std::string_view qlik;
};

std::span<const FindingText> FindingTexts();
const FindingText& TextOf(Finding finding);
std::string_view AdviceOf(Finding finding, Upstream upstream);

}  // namespace session_gateway
