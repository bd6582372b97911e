#include "server/client/flag_table.h"

namespace session_gateway {
namespace {

constexpr auto kEvery = FlagScope::kEveryCommand;
constexpr auto kSession = FlagScope::kCreateSession;
constexpr auto kExecution = FlagScope::kCreateExecutionSession;
constexpr auto kSwitch = FlagForm::kSwitch;
constexpr auto kOnce = FlagForm::kOnce;
constexpr auto kRepeated = FlagForm::kRepeated;
constexpr auto kNone = MemberForm::kNone;
constexpr auto kText = MemberForm::kText;
constexpr auto kNumber = MemberForm::kNumber;

constexpr std::string_view kCall = "Call";
constexpr std::string_view kTls = "TLS (any of them turns it on)";
constexpr std::string_view kOutput = "Output";
constexpr std::string_view kBody = "Body (flags win over the file)";
constexpr std::string_view kRequest = "Request";
constexpr std::string_view kOwn = "Your own credentials, where the gateway is set up to pass them on";

constexpr FlagRow kFlags[] = {
    {kEvery, kCall, "--target", "HOST:PORT", kOnce, "The gateway [127.0.0.1:50051]", kNone, ""},
    {kEvery, kCall, "--deadline", "TIME", kOnce, "For everything together, such as 500ms, 10s, 2m [30s]",
     kNone, ""},
    {kEvery, kCall, "--request-id", "UUID|new", kOnce,
     "Makes the call repeatable: the same id creates at most once; `new` makes and shows one", kNone, ""},
    {kEvery, kCall, "--dry-run", "", kSwitch, "Show the REST request that would be sent; nothing is sent",
     kNone, ""},

    {kEvery, kTls, "--tls", "", kSwitch, "Call over TLS, trusting the system's certificates", kNone, ""},
    {kEvery, kTls, "--ca-file", "FILE", kOnce, "Trust the certificates of this PEM file instead", kNone, ""},
    {kEvery, kTls, "--cert-file", "FILE", kOnce, "Your certificate and its chain, PEM; with --key-file",
     kNone, ""},
    {kEvery, kTls, "--key-file", "FILE", kOnce, "Its private key, PEM, without a passphrase", kNone, ""},
    {kEvery, kTls, "--server-name", "NAME", kOnce, "Expect this name in the gateway's certificate", kNone,
     ""},

    {kEvery, kOutput, "--json", "", kSwitch, "One JSON object on standard output, also for an error", kNone,
     ""},
    {kEvery, kOutput, "--explain", "", kSwitch, "Show the gRPC request and answer too", kNone, ""},
    {kEvery, kOutput, "--save", "PREFIX", kOnce,
     "Write both REST bodies to PREFIX.request.json and PREFIX.answer.json", kNone, ""},

    {kEvery, kBody, "--body", "FILE", kOnce, "The REST API's JSON body; - is standard input", kNone, ""},
    {kEvery, kBody, "--set", "POINTER=JSON", kRepeated,
     "Set one member by its JSON pointer: --set /parent/taskID='\"7\"'", kNone, ""},

    {kSession, kRequest, "--application", "NAME", kOnce, "Name of the application (required)", kNone, ""},
    {kSession, kRequest, "--cluster", "ID", kOnce, "Id of the cluster", kNone, ""},
    {kSession, kBody, "--session-name", "TEXT", kOnce, "sessionName", kText, "/sessionName"},
    {kSession, kBody, "--session-type", "TEXT", kOnce, "sessionType", kText, "/sessionType"},
    {kSession, kBody, "--tag", "TEXT", kOnce, "sessionTag", kText, "/sessionTag"},
    {kSession, kBody, "--priority", "NUMBER", kOnce, "sessionPriority, 1 to 10000", kNumber,
     "/sessionPriority"},
    {kSession, kBody, "--service", "TEXT", kOnce, "serviceName", kText, "/serviceName"},
    {kSession, kBody, "--ttl-minutes", "NUMBER", kOnce, "sessionTTLInMinutes", kNumber,
     "/sessionTTLInMinutes"},
    {kSession, kOwn, "--csrf-token-file", "FILE", kOnce,
     "Your CSRF token; else SESSION_GATEWAY_CSRF_TOKEN of the environment", kNone, ""},
    {kSession, kOwn, "--cookie-file", "FILE", kOnce, "The Cookie header of your own log-on, one line", kNone,
     ""},
    {kSession, kOwn, "--basic-user", "USER", kOnce, "Your user, with a password from the next", kNone, ""},
    {kSession, kOwn, "--password-file", "FILE", kOnce,
     "Your password; else SESSION_GATEWAY_PASSWORD of the environment", kNone, ""},

    {kExecution, kRequest, "--privileges", "", kSwitch, "Ask for your privileges in the answer", kNone, ""},
    {kExecution, kBody, "--id", "GUID", kOnce, "id of the new row", kText, "/id"},
    {kExecution, kBody, "--app-id", "GUID", kOnce, "app.id", kText, "/app/id"},
    {kExecution, kBody, "--reload-task-id", "GUID", kOnce, "reloadTask.id", kText, "/reloadTask/id"},
    {kExecution, kBody, "--user", "TEXT", kOnce, "user", kText, "/user"},
    {kExecution, kBody, "--status", "NUMBER", kOnce, "executionResult.status", kNumber,
     "/executionResult/status"},
};

constexpr ExitRow kExits[] = {
    {kExitCreated, "created; with --dry-run: the gateway would send it"},
    {kExitNotWritten, "created, but the answer could not be written (standard output, --save)"},
    {kExitUsage, "refused by this program: flags, files, a body that cannot be sent; nothing was sent"},
    {kExitNotSent, "not_sent: the gateway sent nothing of it"},
    {kExitRefused, "refused: the upstream's answer proves that nothing was created"},
    {kExitDoneUnreadable, "done: it was created, but its answer could not be read"},
    {kExitUnknown, "unknown: nobody can say whether it was created"},
    {kExitNoGateway, "no gateway was reached, so nothing was sent"},
};

}  // namespace

std::span<const FlagRow> FlagTable() { return kFlags; }
std::span<const ExitRow> ExitTable() { return kExits; }

}  // namespace session_gateway
