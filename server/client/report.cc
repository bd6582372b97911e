#include "server/client/report.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "server/client/connection_advice.h"
#include "server/client/flag_table.h"
#include "server/client/json_tree.h"

namespace session_gateway {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kProblemsShownMax = 50;

// Text of others must not steer the terminal.
std::string Harmless(std::string text) {
  unsigned char before = 0;
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool upper_control = before == 0xC2 && byte >= 0x80 && byte < 0xA0;  // U+0080 to U+009F
    if (upper_control) (&c)[-1] = '?';
    if ((byte < 0x20 && c != '\n') || byte == 0x7F || upper_control) c = '?';
    before = byte;
  }
  return text;
}

// The names that are no part of the body, by the flag that a user knows.
std::string PlaceForUser(const CallSubject& subject, const std::string& path) {
  if (path == "application_name") return "--application";
  if (path == "cluster_id") return "--cluster";
  if (path == "csrf_token") return "the CSRF token";
  if (path == "request_id") return "--request-id";
  if (path == subject.body_root || subject.body == nullptr) return path;
  return PlaceOfPath(*subject.body, subject.body_root, path);
}

std::string Headline(const CallSubject& subject, const CallFailure& failure) {
  if (failure.source == FailureSource::kClient) return "Not sent: " + failure.message;
  switch (failure.exit_code) {
    case kExitNotSent:
      return "Not created: the gateway sent nothing to " + subject.upstream + ".";
    case kExitRefused:
      return "Not created: " + subject.upstream + " refused it.";
    case kExitDoneUnreadable:
      return "Created, but the answer of " + subject.upstream + " could not be read.";
    case kExitNoGateway:
      return "Not sent: no gateway was reached at " + subject.target + ".";
    default:
      return "Unknown whether the " + subject.thing + " was created.";
  }
}

// What to do next, or an empty text.
std::string Advice(const CallSubject& subject, const CallFailure& failure) {
  if (failure.source == FailureSource::kClient) return {};
  if (failure.exit_code == kExitNoGateway) return ConnectionAdvice(failure.message, subject.tls);
  if (failure.exit_code == kExitDoneUnreadable) return "Do not repeat it: it exists.";
  if (failure.exit_code != kExitUnknown) return {};
  const std::string look = "Look at " + subject.upstream + " before you repeat it";
  if (!subject.request_id) return look + ".";
  return look + ", or repeat it with --request-id " + *subject.request_id + ".";
}

std::string StatusLine(const CallFailure& failure) {
  std::string line = failure.code;
  const auto add = [&line](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    line += ", ";
    line += name;
    line += ' ' + value;
  };
  add("reason", failure.reason);
  add("outcome", failure.outcome);
  add("phase", failure.phase);
  if (failure.http_status) add("HTTP status", std::to_string(*failure.http_status));
  return line;
}

ordered_json Head(const CallSubject& subject, std::string_view result, int exit_code) {
  ordered_json head = {{"result", result}, {"exit_code", exit_code}, {"rpc", subject.rpc}};
  if (subject.request_id) head["request_id"] = *subject.request_id;
  return head;
}

void Print(const ordered_json& object, std::ostream& out) {
  out << object.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

ordered_json FailureJson(const CallSubject& subject, const CallFailure& failure) {
  constexpr const char* kSources[] = {"client", "transport", "gateway"};
  ordered_json object = Head(subject, "failed", failure.exit_code);
  object["source"] = kSources[static_cast<int>(failure.source)];
  const std::pair<const char*, const std::string*> texts[] = {{"code", &failure.code},
                                                              {"message", &failure.message},
                                                              {"reason", &failure.reason},
                                                              {"outcome", &failure.outcome},
                                                              {"phase", &failure.phase},
                                                              {"upstream", &failure.upstream},
                                                              {"created_id", &failure.created_id}};
  for (const auto& [name, text] : texts) {
    if (!text->empty()) object[name] = *text;
  }
  if (failure.http_status) object["http_status"] = *failure.http_status;
  if (failure.retry_after_seconds) object["retry_after_seconds"] = *failure.retry_after_seconds;
  if (const std::string advice = Advice(subject, failure); !advice.empty()) object["advice"] = advice;
  if (!failure.violations.empty()) object["violations"] = ordered_json::array();
  for (const BodyProblem& violation : failure.violations) {
    ordered_json row;
    const bool local = failure.source == FailureSource::kClient;
    if (!local) row["field"] = violation.place;
    row["place"] = local ? violation.place : PlaceForUser(subject, violation.place);
    row["rule"] = violation.rule;
    object["violations"].push_back(std::move(row));
  }
  return object;
}

}  // namespace

std::string ProtoJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  return status.ok() ? text : std::string();
}

void Report::Created(const CallSubject& subject, const std::string& headline,
                     const google::protobuf::Message& response, const google::protobuf::Message& body) {
  if (json_) {
    ordered_json object = Head(subject, "created", kExitCreated);
    object["response"] = ordered_json::parse(ProtoJson(response), nullptr, false);
    return Print(object, out_);
  }
  out_ << Harmless(headline) << '\n' << Harmless(IndentedJsonText(RestBodyOf(body))) << '\n';
}

void Report::DryRun(const CallSubject& subject, const sessiongateway::v1::RestRequest& request) {
  if (json_) {
    ordered_json object = Head(subject, "dry_run", kExitCreated);
    object["rest_request"] = ordered_json::parse(ProtoJson(request), nullptr, false);
    return Print(object, out_);
  }
  out_ << "Nothing was sent. The gateway would send (secrets are ***):\n\n"
       << request.method() << ' ' << Harmless(request.url()) << '\n';
  for (const auto& [name, value] : request.headers()) out_ << name << ": " << Harmless(value) << '\n';
  out_ << '\n' << request.body() << '\n';
}

void Report::Failed(const CallSubject& subject, const CallFailure& failure) {
  if (json_) return Print(FailureJson(subject, failure), out_);
  const bool local = failure.source == FailureSource::kClient;
  errors_ << Harmless(Headline(subject, failure)) << '\n';
  // With violations the message only repeats them.
  if (!local && failure.violations.empty()) errors_ << "  " << Harmless(failure.message) << '\n';
  std::size_t shown = 0;
  for (const BodyProblem& violation : failure.violations) {
    if (++shown > kProblemsShownMax) {
      errors_ << "  and " << failure.violations.size() - kProblemsShownMax << " more\n";
      break;
    }
    const std::string place = local ? violation.place : PlaceForUser(subject, violation.place);
    errors_ << "  " << Harmless(place.empty() ? "the body" : place) << ' ' << Harmless(violation.rule)
            << '\n';
  }
  if (!local) errors_ << "  " << StatusLine(failure) << '\n';
  if (!failure.created_id.empty()) {
    errors_ << "  Its id, as far as it could be read: " << Harmless(failure.created_id) << '\n';
  }
  if (failure.retry_after_seconds) errors_ << "  Try again after " << *failure.retry_after_seconds << " s.\n";
  if (const std::string advice = Advice(subject, failure); !advice.empty()) errors_ << "  " << advice << '\n';
}

}  // namespace session_gateway
