// One body each way of both upstreams, as the translator is asked for it by a call.
//
// Thread rule: one thread. Never here: what they may cost.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <memory>

#include "tests/bench/once_bed.h"

namespace session_gateway {

// The message that makes the gateway send the sample's body.
void FillFromSample(const OnceSample& sample, google::protobuf::Message& message);

class TranslateSteps {
 public:
  explicit TranslateSteps(const OnceSample& sample);
  ~TranslateSteps();
  TranslateSteps(const TranslateSteps&) = delete;
  TranslateSteps& operator=(const TranslateSteps&) = delete;

  // Message to HTTP request; the bytes of its body.
  std::size_t Request();
  // HTTP reply to message, without making the reply; whether there was an error.
  bool Response();
  // A refusal of the upstream to what the caller is told.
  bool Refusal();

 private:
  class Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace session_gateway
