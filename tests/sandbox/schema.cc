#include "tests/sandbox/schema.h"

#include <algorithm>

namespace session_gateway::sandbox {
namespace {

using enum ValueKind;

// https://www.ibm.com/docs/en/spectrum-symphony/7.3.2?topic=version-create-session
constexpr MemberRow kSymphony[] = {
    {"session", "sessionName", kString},
    {"session", "sessionType", kString},
    {"session", "sessionTag", kString},
    {"session", "sessionPriority", kInt32},
    {"session", "serviceName", kString},
    {"session", "commonData", kTypedPairs},
    {"session", "enableDataCompression", kBool},
    {"session", "parent", kObject, "parent"},
    {"session", "dataCompressionThreshold", kInt32},
    {"session", "dataCompressionFlags", kString},
    {"session", "preemptive", kBool},
    {"session", "serviceToSlotRatio", kObject, "ratio"},
    {"session", "resourceGroupFilter", kString},
    {"session", "preemptionRank", kInt32},
    {"session", "defaultResourceAttributeValue", kDouble},
    {"session", "resourcePreference", kObject, "preference"},
    {"session", "resourceAttributeDefinition", kObjectList, "attribute"},
    {"session", "dockerMountDefinition", kObjectList, "mount"},
    {"session", "sessionMetaData", kString},
    {"session", "attributes", kStringMap},
    {"session", "policyTagPath", kString},
    {"session", "taskDispatchOrder", kString},
    {"session", "enableCloseSessionOnPhysicalSessionLost", kBool},
    {"session", "datasetDependencies", kStringList},
    {"session", "sessionTimeout", kInt32},
    {"session", "taskTimeout", kInt32},
    {"session", "minServices", kInt32},
    {"session", "maxServices", kInt32},
    {"session", "resourceLimit", kObject, "limit"},
    {"session", "slotDefinitionName", kString},
    {"session", "resourceReservationTimeout", kInt32},
    {"session", "enableAbortSessionIfTaskRequeue", kBool},
    {"session", "sessionTTLInMinutes", kInt32},
    {"parent", "sessionID", kString},
    {"parent", "taskID", kString},
    {"ratio", "numServices", kUint32},
    {"ratio", "numSlots", kUint32},
    {"preference", "expression", kString},
    {"preference", "resourceAttributeDefinition", kObjectList, "attribute"},
    {"attribute", "name", kString},
    {"attribute", "alias", kString},
    {"attribute", "defaultValue", kDouble},
    {"mount", "hostDir", kString},
    {"mount", "containerDir", kString},
    {"mount", "readonly", kBool},
    {"limit", "cpuLimit", kInt64},
    {"limit", "physicalMemoryLimit", kInt64},
    {"limit", "virtualMemoryLimit", kInt64},
    {"limit", "JvmMinHeap", kInt64},
    {"limit", "JvmMaxHeap", kInt64},
};

// https://help.qlik.com/en-US/sense-developer/APIs/RepositoryServiceAPI/index.html?page=1743
constexpr MemberRow kQlik[] = {
    {"executionSession", "id", kGuid},
    {"executionSession", "createdDate", kDate},
    {"executionSession", "modifiedDate", kDate},
    {"executionSession", "modifiedByUserName", kString},
    {"executionSession", "schemaPath", kString},
    {"executionSession", "privileges", kStringList},
    {"executionSession", "executingNode", kObject, "node"},
    {"executionSession", "executionResult", kObject, "result"},
    {"executionSession", "abortAt", kDate},
    {"executionSession", "retries", kInt32},
    {"executionSession", "abortReason", kEnum},
    {"executionSession", "app", kObject, "app"},
    {"executionSession", "user", kString},
    {"executionSession", "reloadTask", kObject, "task"},
    {"executionSession", "userSyncTask", kObject, "task"},
    {"executionSession", "externalProgramTask", kObject, "task"},
    {"node", "id", kGuid},
    {"node", "privileges", kStringList},
    {"result", "id", kGuid},
    {"result", "privileges", kStringList},
    {"result", "executingNodeName", kString},
    {"result", "status", kEnum},
    {"result", "startTime", kDate},
    {"result", "stopTime", kDate},
    {"result", "duration", kInt64},
    {"result", "fileReferenceID", kGuid},
    {"result", "scriptLogAvailable", kBool},
    {"result", "details", kObjectList, "detail"},
    {"result", "scriptLogLocation", kString},
    {"result", "scriptLogSize", kInt64},
    {"detail", "id", kGuid},
    {"detail", "privileges", kStringList},
    {"detail", "detailsType", kEnum},
    {"detail", "message", kString},
    {"detail", "detailCreatedDate", kDate},
    {"app", "id", kGuid},
    {"app", "privileges", kStringList},
    {"app", "name", kString},
    {"app", "appId", kString},
    {"app", "publishTime", kDate},
    {"app", "published", kBool},
    {"app", "stream", kObject, "stream"},
    {"app", "savedInProductVersion", kString},
    {"app", "migrationHash", kString},
    {"app", "availabilityStatus", kEnum},
    {"stream", "id", kGuid},
    {"stream", "privileges", kStringList},
    {"stream", "name", kString},
    {"task", "id", kGuid},
    {"task", "privileges", kStringList},
    {"task", "name", kString},
    {"task", "taskType", kEnum},
    {"task", "enabled", kBool},
    {"task", "taskSessionTimeout", kInt32},
    {"task", "maxRetries", kInt32},
    {"task", "operational", kObject, "operational"},
    {"operational", "id", kGuid},
    {"operational", "privileges", kStringList},
    {"operational", "lastExecutionResult", kObject, "result"},
    {"operational", "nextExecution", kDate},
};

}  // namespace

std::span<const MemberRow> SymphonySessionRows() { return kSymphony; }
std::span<const MemberRow> QlikExecutionSessionRows() { return kQlik; }

Schema::Schema(std::span<const MemberRow> rows, std::vector<std::string> extras)
    : rows_(rows), root_(rows.front().object), extras_(std::move(extras)) {
  for (const MemberRow& row : rows) members_[row.object].emplace(row.name, &row);
}

const MemberRow* Schema::Find(std::string_view object, std::string_view name) const {
  const auto members = members_.find(object);
  if (members == members_.end()) return nullptr;
  const auto member = members->second.find(name);
  return member == members->second.end() ? nullptr : member->second;
}

bool Schema::IsExtra(std::string_view name) const {
  return std::find(extras_.begin(), extras_.end(), name) != extras_.end();
}

std::vector<std::string_view> Schema::MembersOf(std::string_view object) const {
  std::vector<std::string_view> names;
  for (const MemberRow& row : rows_) {
    if (row.object == object) names.push_back(row.name);
  }
  return names;
}

}  // namespace session_gateway::sandbox
