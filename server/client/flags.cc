#include "server/client/flags.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "absl/strings/str_cat.h"
#include "server/client/flag_table.h"
#include "server/client/json_tree.h"
#include "server/config_values.h"
#include "translator/additional_json.h"
#include "translator/guid.h"
#include "translator/json_text.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

constexpr char kTarget[] = "127.0.0.1:50051";
constexpr char kDeadline[] = "30s";
constexpr std::chrono::milliseconds kDeadlineMax = std::chrono::minutes(5);
constexpr std::size_t kHelpColumn = 34;

constexpr char kExamples[] =
    "Examples:\n"
    "  session-gateway-client create-session --application symping7.3.2 --body session.json --dry-run\n"
    "  session-gateway-client create-session --application symping7.3.2 --priority 5000 --tag nightly\n"
    "  session-gateway-client create-execution-session --app-id GUID --set /retries=0 --json\n"
    "  session-gateway-client --target gateway.example:443 --ca-file ca.pem create-execution-session --body "
    "-\n";

// What was given, by the flag's name.
using Given = std::map<std::string, std::vector<std::string>, std::less<>>;

std::string Footer() {
  std::string text = kExamples;
  text += "\nExit code:\n";
  for (const ExitRow& row : ExitTable()) {
    absl::StrAppend(&text, "  ", row.code, "  ", absl::string_view(row.meaning.data(), row.meaning.size()),
                    "\n");
  }
  return text;
}

void AddFlags(FlagScope scope, CLI::App& app, Given& given) {
  for (const FlagRow& row : FlagTable()) {
    if (row.scope != scope) continue;
    const std::string name(row.name);
    std::vector<std::string>& values = given[name];
    CLI::Option* option = nullptr;
    if (row.form == FlagForm::kSwitch) {
      option = app.add_flag_callback(
          name, [&values] { values.emplace_back(); }, std::string(row.help));
    } else {
      option = app.add_option(name, values, std::string(row.help));
      option->type_name(std::string(row.value_name))->type_size(1)->allow_extra_args(false);
      option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    option->group(std::string(row.group));
  }
}

class FlagReader {
 public:
  explicit FlagReader(Given& given) : given_(given) {}

  bool Has(std::string_view name) const { return !given_.find(name)->second.empty(); }
  std::optional<std::string> Get(std::string_view name) const {
    const std::vector<std::string>& values = given_.find(name)->second;
    return values.empty() ? std::nullopt : std::optional(values.front());
  }
  std::string GetOr(std::string_view name, std::string_view otherwise) const {
    return Get(name).value_or(std::string(otherwise));
  }

  // What is wrong with the flags, or an empty text.
  std::string Read(ClientFlags& flags) {
    for (const FlagRow& row : FlagTable()) {
      if (row.form == FlagForm::kOnce && given_.find(row.name)->second.size() > 1) {
        return std::string(row.name) + " is given twice";
      }
    }
    for (const auto& [name, values] : given_) {
      for (const std::string& value : values) {
        if (!IsUtf8(value)) return name + " is not valid UTF-8";
      }
    }
    std::string problem = Call(flags);
    if (problem.empty()) problem = Tls(flags.tls);
    if (problem.empty()) problem = Output(flags);
    if (problem.empty()) problem = Request(flags);
    if (problem.empty()) problem = Members(flags);
    return problem;
  }

 private:
  std::string Call(ClientFlags& flags) const {
    flags.target = GetOr("--target", kTarget);
    flags.request_id = Get("--request-id");
    flags.dry_run = Has("--dry-run");
    const auto deadline = ParseDurationText(GetOr("--deadline", kDeadline));
    if (!deadline || deadline->count() < 1 || *deadline > kDeadlineMax) {
      return "--deadline must be from 1ms to 5m: a number with ms, s, m or h, such as 10s";
    }
    flags.deadline = *deadline;
    if (flags.request_id && *flags.request_id != "new" &&
        (!IsGuid(*flags.request_id) || IsZeroGuid(*flags.request_id))) {
      return "--request-id must be a UUID with hyphens and not zero, or the word new";
    }
    return {};
  }

  std::string Tls(TlsFlags& tls) const {
    tls.ca_file = GetOr("--ca-file", "");
    tls.cert_file = GetOr("--cert-file", "");
    tls.key_file = GetOr("--key-file", "");
    tls.server_name = GetOr("--server-name", "");
    for (const FlagRow& row : FlagTable()) {
      if (row.scope == FlagScope::kEveryCommand && row.group.starts_with("TLS")) tls.enabled |= Has(row.name);
    }
    if (Has("--cert-file") != Has("--key-file")) return "--cert-file and --key-file need each other";
    return {};
  }

  std::string Output(ClientFlags& flags) const {
    flags.json = Has("--json");
    flags.explain = Has("--explain");
    flags.save = GetOr("--save", "");
    flags.body_file = Get("--body");
    if (flags.json && flags.explain) return "--json and --explain exclude each other";
    if (flags.dry_run && !flags.save.empty()) return "--dry-run has no answer for --save";
    return {};
  }

  std::string Request(ClientFlags& flags) const {
    flags.application = GetOr("--application", "");
    flags.cluster = Get("--cluster");
    flags.privileges = Has("--privileges");
    CredentialFlags& credentials = flags.credentials;
    credentials.csrf_token_file = GetOr("--csrf-token-file", "");
    credentials.cookie_file = GetOr("--cookie-file", "");
    credentials.basic_user = Get("--basic-user");
    credentials.password_file = GetOr("--password-file", "");
    if (flags.command == Command::kCreateSession && flags.application.empty()) {
      return "--application is required, with the name of the application";
    }
    if (Has("--password-file") && !credentials.basic_user) return "--password-file needs --basic-user";
    if (credentials.basic_user && credentials.basic_user->find(':') != std::string::npos) {
      return "--basic-user must not hold a colon: HTTP's Basic form has no way to write it";
    }
    return {};
  }

  std::string Members(ClientFlags& flags) const {
    for (const FlagRow& row : FlagTable()) {
      const std::optional<std::string> value = Get(row.name);
      if (row.member_form == MemberForm::kNone || !value) continue;
      MemberFlag member{std::string(row.name), std::string(row.member), *value};
      if (row.member_form == MemberForm::kText) {
        member.json.clear();
        AppendJsonString(*value, member.json);
      } else if (const auto node = ParseJsonValue(*value); !node || node->kind != JsonKind::kNumber) {
        return std::string(row.name) + " must be a number";
      }
      flags.members.push_back(std::move(member));
    }
    for (const std::string& text : given_.find("--set")->second) {
      if (std::string problem = Set(text, flags.members); !problem.empty()) return problem;
    }
    return Overlap(flags.members);
  }

  static std::string Set(const std::string& text, std::vector<MemberFlag>& members) {
    // A name may hold an equals sign, so the first one behind which JSON stands is taken.
    for (std::size_t at = text.find('='); at != std::string::npos; at = text.find('=', at + 1)) {
      MemberFlag member{"--set " + text.substr(0, at), text.substr(0, at), text.substr(at + 1)};
      if (!SplitPointer(member.pointer)) break;
      if (!ParseJsonValue(member.json)) continue;
      members.push_back(std::move(member));
      return {};
    }
    return "--set " + text.substr(0, text.find('=')) +
           ": must be POINTER=JSON with a JSON pointer such as /parent/taskID and a JSON value; text is "
           "quoted: '/parent/taskID=\"7\"'";
  }

  // Two flags for one member have no order that a user could rely on.
  static std::string Overlap(const std::vector<MemberFlag>& members) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (std::size_t j = 0; j < members.size(); ++j) {
        if (i == j || members[i].pointer.ends_with("/-")) continue;
        const bool same = members[i].pointer == members[j].pointer;
        if (same || members[j].pointer.starts_with(members[i].pointer + "/")) {
          return members[i].flag + " and " + members[j].flag + " set the same member";
        }
      }
    }
    return {};
  }

  Given& given_;
};

}  // namespace

std::variant<ClientFlags, int> ParseClientFlags(int argc, char** argv) {
  Given given;
  CLI::App app("Creates one session through session-gateway", "session-gateway-client");
  app.get_formatter()->column_width(kHelpColumn);
  AddFlags(FlagScope::kEveryCommand, app, given);
  app.require_subcommand(0, 1);  // a word that is none is named first
  app.fallthrough();
  app.set_help_all_flag("--help-all", "Show the flags of both commands too");
  app.set_version_flag("--version", std::string("session-gateway-client ") + SESSION_GATEWAY_VERSION);
  app.footer(Footer());
  auto* session =
      app.add_subcommand("create-session", "A session of an application of IBM Spectrum Symphony");
  AddFlags(FlagScope::kCreateSession, *session, given);
  auto* execution = app.add_subcommand("create-execution-session", "An execution session row of Qlik Sense");
  AddFlags(FlagScope::kCreateExecutionSession, *execution, given);
  for (CLI::App* command : {session, execution}) {
    command->fallthrough();
    command->footer("Flags of both commands, and exit codes: session-gateway-client --help\n");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitCreated : kExitUsage;
  }
  if (!session->parsed() && !execution->parsed()) {
    std::cerr << "A command is needed: create-session or create-execution-session.\n"
                 "Run with --help for more information.\n";
    return kExitUsage;
  }
  ClientFlags flags;
  flags.command = session->parsed() ? Command::kCreateSession : Command::kCreateExecutionSession;
  const std::string problem = FlagReader(given).Read(flags);
  if (problem.empty()) return flags;
  std::cerr << problem << "\nRun with --help for more information.\n";
  return kExitUsage;
}

}  // namespace session_gateway
