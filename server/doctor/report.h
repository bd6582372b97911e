// What the doctor saw: the steps of each endpoint, as people and programs read them.
//
// Thread rule: values. Never here: how a step is carried out, secrets, an upstream's text that is not
// bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/doctor/finding.h"
#include "translator/rpc_error.h"

namespace session_gateway {

enum class StepKind {
  kCredentials,  // the files and variables that the configuration names
  kResolve,
  kConnect,
  kTls,
  kCertificate,        // the server's: chain, name, dates
  kClientCertificate,  // the gateway's own
  kLogon,
  kRead,
  kClock,
};
inline constexpr std::size_t kStepKinds = 9;
std::string_view StepName(StepKind kind);   // for programs: `client_certificate`
std::string_view StepTitle(StepKind kind);  // for people: `client certificate`

enum class StepStatus {
  kOk,
  kWarning,  // works, but somebody should look at it
  kFailed,
  kSkipped,  // has no meaning here, or an earlier step failed
};
std::string_view StepStatusName(StepStatus status);

struct Step {
  StepKind kind = StepKind::kResolve;
  StepStatus status = StepStatus::kOk;
  std::string seen;                  // what was observed
  Finding finding = Finding::kNone;  // what is wrong, by name
  bool operator==(const Step&) const = default;
};

struct EndpointReport {
  Upstream upstream = Upstream::kSymphony;
  std::string endpoint;  // `scheme://host:port/prefix`
  std::vector<Step> steps;
};

// The steps that are not there yet, as skipped because an earlier one failed.
void SkipRest(EndpointReport& report);

struct DoctorReport {
  std::vector<EndpointReport> endpoints;
  bool HasFailure() const;
};

// For a terminal: each step with what was seen and, where something is wrong, what it means and what to do.
std::string ReportText(const DoctorReport& report);

// One JSON object. Its shape is in docs/doctor.md.
std::string ReportJson(const DoctorReport& report);

}  // namespace session_gateway
