// `session-gateway doctor`: examines every endpoint of a configuration.
//
// Thread rule: runs the loop in the caller's thread until all is examined. Never here: printing, files, a
// create.
#pragma once

#include "server/clock.h"
#include "server/config.h"
#include "server/doctor/capture.h"
#include "server/doctor/report.h"
#include "server/upstream/site.h"

namespace session_gateway {

// A site is null where the configuration has no such upstream, and a text where its credentials cannot be
// used.
struct DoctorParts {
  Loop& loop;
  const Clock& clock;
  const MadeSite* symphony;
  const MadeSite* qlik;
};

DoctorReport RunDoctor(const Config& config, const DoctorParts& parts, Duration step_timeout,
                       Capture& capture);

}  // namespace session_gateway
