#include "server/doctor/report.h"

#include <algorithm>
#include <array>

#include "translator/json_text.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

constexpr std::size_t kTitleWidth = 20;

struct StepNames {
  std::string_view name;
  std::string_view title;
};
constexpr std::array<StepNames, kStepKinds> kStepNames = {{{"credentials", "credentials"},
                                                           {"name_resolution", "name resolution"},
                                                           {"connection", "connection"},
                                                           {"tls", "TLS"},
                                                           {"certificate", "server certificate"},
                                                           {"client_certificate", "client certificate"},
                                                           {"logon", "log-on"},
                                                           {"read", "harmless read"},
                                                           {"clock", "clock"}}};
constexpr std::array<std::string_view, 4> kStatusNames = {"ok", "warning", "failed", "skipped"};

// What a peer says may hold anything; a terminal and JSON take only text.
std::string Printable(std::string_view text) {
  std::string printable;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    printable += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return IsUtf8(printable) ? printable : "(not text)";
}

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  void Text(std::string_view key, std::string_view value) {
    Key(key);
    AppendJsonString(value, out_);
  }
  void Key(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    AppendJsonString(key, out_);
    out_ += ':';
  }
  void End() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

void AppendStep(const Step& step, Upstream upstream, std::string& out) {
  JsonObject object(out);
  object.Text("step", StepName(step.kind));
  object.Text("status", StepStatusName(step.status));
  object.Text("seen", Printable(step.seen));
  if (step.finding != Finding::kNone) {
    object.Text("finding", TextOf(step.finding).name);
    object.Text("means", TextOf(step.finding).means);
    object.Text("do", AdviceOf(step.finding, upstream));
  }
  object.End();
}

void AppendEndpoint(const EndpointReport& report, std::string& out) {
  JsonObject object(out);
  object.Text("upstream", UpstreamName(report.upstream));
  object.Text("endpoint", report.endpoint);
  object.Key("steps");
  out += '[';
  for (const Step& step : report.steps) {
    if (&step != &report.steps.front()) out += ',';
    AppendStep(step, report.upstream, out);
  }
  out += ']';
  object.End();
}

}  // namespace

std::string_view StepName(StepKind kind) { return kStepNames[static_cast<std::size_t>(kind)].name; }
std::string_view StepTitle(StepKind kind) { return kStepNames[static_cast<std::size_t>(kind)].title; }
std::string_view StepStatusName(StepStatus status) { return kStatusNames[static_cast<std::size_t>(status)]; }

void SkipRest(EndpointReport& report) {
  for (std::size_t kind = report.steps.size(); kind < kStepKinds; ++kind) {
    report.steps.push_back({static_cast<StepKind>(kind), StepStatus::kSkipped, "an earlier step failed"});
  }
}

bool DoctorReport::HasFailure() const {
  return std::any_of(endpoints.begin(), endpoints.end(), [](const EndpointReport& endpoint) {
    return std::any_of(endpoint.steps.begin(), endpoint.steps.end(),
                       [](const Step& step) { return step.status == StepStatus::kFailed; });
  });
}

std::string ReportText(const DoctorReport& report) {
  std::string out;
  for (const EndpointReport& endpoint : report.endpoints) {
    if (!out.empty()) out += '\n';
    out.append(UpstreamName(endpoint.upstream)).append(" ").append(endpoint.endpoint).append("\n");
    for (const Step& step : endpoint.steps) {
      std::string title(StepTitle(step.kind));
      title.resize(std::max(kTitleWidth, title.size()), ' ');
      std::string status(StepStatusName(step.status));
      status.resize(8, ' ');
      out.append("  ").append(status).append(" ").append(title).append(Printable(step.seen)).append("\n");
      if (step.finding == Finding::kNone) continue;
      const std::string indent(11, ' ');
      out.append(indent).append("what it means: ").append(TextOf(step.finding).means);
      out.append(" [").append(TextOf(step.finding).name).append("]\n");
      out.append(indent)
          .append("what to do:    ")
          .append(AdviceOf(step.finding, endpoint.upstream))
          .append("\n");
    }
  }
  out += report.HasFailure() ? "\nSomething is wrong.\n" : "\nAll is well.\n";
  return out;
}

std::string ReportJson(const DoctorReport& report) {
  std::string out;
  JsonObject object(out);
  object.Key("ok");
  out += report.HasFailure() ? "false" : "true";
  object.Key("endpoints");
  out += '[';
  for (const EndpointReport& endpoint : report.endpoints) {
    if (&endpoint != &report.endpoints.front()) out += ',';
    AppendEndpoint(endpoint, out);
  }
  out += ']';
  object.End();
  return out += '\n';
}

}  // namespace session_gateway
