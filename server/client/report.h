// What the program says at its end: for people, or as one JSON object. Answers go to standard output; errors
// for people to standard error.
//
// Thread rule: one thread. Never here: secrets; the request that is shown has stars in their place.
#pragma once

#include <google/protobuf/message.h>

#include <iosfwd>
#include <optional>
#include <string>

#include "server/client/call_failure.h"
#include "sessiongateway/v1/rest_request.pb.h"

namespace session_gateway {

// What a report says of the call beside its end.
struct CallSubject {
  std::string rpc;        // CreateSession
  std::string upstream;   // Symphony
  std::string thing;      // session
  std::string body_root;  // the field of the request that is the body
  const google::protobuf::Descriptor* body = nullptr;
  std::string target;
  TlsFlags tls;
  std::optional<std::string> request_id;
};

class Report {
 public:
  // The streams outlive it.
  Report(bool json, std::ostream& out, std::ostream& errors) : json_(json), out_(out), errors_(errors) {}

  // `headline` names what was created; `body` is the answer's part that is a REST body.
  void Created(const CallSubject& subject, const std::string& headline,
               const google::protobuf::Message& response, const google::protobuf::Message& body);
  void DryRun(const CallSubject& subject, const sessiongateway::v1::RestRequest& request);
  void Failed(const CallSubject& subject, const CallFailure& failure);

 private:
  bool json_;
  std::ostream& out_;
  std::ostream& errors_;
};

// The message in ProtoJSON, indented, with the names of the proto.
std::string ProtoJson(const google::protobuf::Message& message);

}  // namespace session_gateway
