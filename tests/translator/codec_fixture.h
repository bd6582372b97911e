// What the tests of the codec share: the compiled plans of the three bodies, and writing and reading in one
// line each.
//
// Thread rule: one thread per test. Never here: a sandbox or a server.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sessiongateway/v1/qlik.pb.h"
#include "sessiongateway/v1/symphony.pb.h"
#include "translator/body_reader.h"
#include "translator/body_writer.h"
#include "translator/field_plan.h"

// Builds with a sanitizer run long loops a tenth as often.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SESSION_GATEWAY_SLOW_BUILD 1
#else
#define SESSION_GATEWAY_SLOW_BUILD 0
#endif

namespace session_gateway::testing {

namespace v1 = sessiongateway::v1;

inline constexpr int kLoopDivisor = SESSION_GATEWAY_SLOW_BUILD ? 10 : 1;

inline BodyPlan CompileOrDie(const google::protobuf::Descriptor& body) {
  auto plan = BodyPlan::Compile(body, DeclaredOptions);
  if (const auto* error = std::get_if<std::string>(&plan)) {
    ADD_FAILURE() << *error;
    std::abort();
  }
  return std::get<BodyPlan>(std::move(plan));
}

template <typename T>
const BodyPlan& PlanOf() {
  static const BodyPlan plan = CompileOrDie(*T::descriptor());
  return plan;
}

template <typename T>
T FromText(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

struct Written {
  std::string json;
  std::vector<FieldViolation> violations;
  std::string message;  // of the error, if there are violations
};

template <typename T>
Written Write(const T& message, const char* name = "session") {
  Written out;
  Violations violations;
  const PathStep path{nullptr, name};
  WriteBody(PlanOf<T>(), message, &path, out.json, violations);
  if (violations.empty()) return out;
  RpcError error = std::move(violations).ToError(Upstream::kSymphony);
  out.violations = std::move(error.violations);
  out.message = std::move(error.message);
  return out;
}

// The JSON of a message that breaks no rule.
template <typename T>
std::string Json(const T& message) {
  Written out = Write(message);
  EXPECT_TRUE(out.violations.empty()) << out.message;
  return out.json;
}

template <typename T>
std::string JsonOfText(const std::string& text) {
  return Json(FromText<T>(text));
}

template <typename T>
JsonFault ReadInto(std::string text, T& message) {
  JsonReader reader;
  return ReadBody(PlanOf<T>(), reader, text, message);
}

// The message of a text that can be read.
template <typename T>
T Read(const std::string& text) {
  T message;
  EXPECT_EQ(ReadInto(text, message), JsonFault::kNone) << text;
  return message;
}

template <typename T>
std::map<std::string, std::string> Kept(const T& message) {
  return {message.additional_json().begin(), message.additional_json().end()};
}

}  // namespace session_gateway::testing
