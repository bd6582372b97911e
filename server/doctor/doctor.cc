#include "server/doctor/doctor.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "server/doctor/examiner.h"

namespace session_gateway {
namespace {

HttpRequest JsonGet(std::string path) {
  return {"GET", std::move(path), {}, {{"accept", "application/json"}, {"accept-encoding", "identity"}}, ""};
}

Patient SymphonyPatient(const SymphonyConfig& config, const UpstreamSite& site) {
  const std::string base = "/platform/rest/symrest/v1/";
  Patient patient;
  patient.upstream = Upstream::kSymphony;
  patient.endpoints = config.endpoints;
  patient.authentication = site.authentication.get();
  patient.tls = site.tls.get();
  patient.logs_on = config.auth.mode == SymphonyAuthMode::kServiceAccount;
  if (patient.logs_on) {
    // The one harmless request that is known of Symphony, and one that the gateway makes by itself.
    patient.read = JsonGet(base + config.auth.renew_path);
    patient.reading = Patient::Reading::kRenewal;
  } else {
    patient.skipped_because = config.auth.mode == SymphonyAuthMode::kNone
                                  ? "symphony.auth.mode is none"
                                  : "each caller brings its own credentials";
    patient.read = JsonGet(base + config.auth.login_path);
    patient.reading = Patient::Reading::kAsNobody;
    patient.callers_log_on = config.auth.mode == SymphonyAuthMode::kCallerBasic;
  }
  return patient;
}

Patient QlikPatient(const QlikConfig& config, const UpstreamSite& site) {
  Patient patient;
  patient.upstream = Upstream::kQlik;
  patient.endpoints = config.endpoints;
  patient.authentication = site.authentication.get();
  patient.tls = site.tls.get();
  patient.by_certificate = config.auth.mode == QlikAuthMode::kCertificate;
  patient.read = JsonGet("/qrs/about");
  if (config.auth.user_from == QlikUserFrom::kClientCertificate) {
    patient.skipped_because = "the user is each caller's own";
    patient.reading = Patient::Reading::kNothing;
  } else if (patient.by_certificate) {
    patient.skipped_because = "the certificate is the log-on";
  } else {
    patient.logs_on = true;
  }
  return patient;
}

Task<void> ExamineAll(const std::vector<Patient>& patients, Examiner& examiner, DoctorReport& report) {
  for (const Patient& patient : patients) {
    for (const Endpoint& endpoint : patient.endpoints) {
      report.endpoints.push_back(co_await examiner.Examine(patient, endpoint));
    }
  }
}

}  // namespace

DoctorReport RunDoctor(const Config& config, const DoctorParts& parts, Duration step_timeout,
                       Capture& capture) {
  std::vector<Patient> patients;
  if (config.symphony) patients.push_back(SymphonyPatient(*config.symphony, *parts.symphony));
  if (config.qlik) patients.push_back(QlikPatient(*config.qlik, *parts.qlik));
  Examiner examiner(parts.loop, config.engine, parts.clock, step_timeout, capture);
  DoctorReport report;
  boost::asio::co_spawn(parts.loop.get_executor(), ExamineAll(patients, examiner, report),
                        [](const std::exception_ptr& exception) {
                          if (exception) std::rethrow_exception(exception);
                        });
  parts.loop.run();
  return report;
}

}  // namespace session_gateway
