// From the facts of a handshake to the doctor's three steps about it.
//
// Thread rule: pure functions. Never here: a handshake, a decision about trust.
#pragma once

#include <optional>
#include <string>

#include "server/clock.h"
#include "server/doctor/report.h"
#include "server/upstream/tls_facts.h"
#include "translator/http_message.h"

namespace session_gateway {

// `failure`: how the handshake ended, or null when it was successful.
Step JudgeTls(const TlsFacts& facts, const SendFailure* failure);
Step JudgeServerCertificate(const TlsFacts& facts, const SendFailure* failure,
                            const std::string& expected_name, WallTime now);
// `own`: the gateway's certificate, where it has one.
Step JudgeClientCertificate(const TlsFacts& facts, const SendFailure* failure,
                            const std::optional<CertificateFacts>& own, WallTime now);

// The same after an exchange that the peer broke off: only then is it known under TLS 1.3 what became of our
// certificate. Nothing when the failure says nothing about it.
std::optional<Step> RevisedClientCertificate(const TlsFacts& facts, const SendFailure& failure,
                                             const std::optional<CertificateFacts>& own, WallTime now);

}  // namespace session_gateway
