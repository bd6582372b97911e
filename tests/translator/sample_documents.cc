#include "tests/translator/sample_documents.h"

namespace session_gateway::testing {
namespace {

// One execution result of the repository.
std::string Result(const std::string& status) {
  return R"({"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee91","privileges":["read","update"],)"
         R"("executingNodeName":"node",)"
         R"("status":)" +
         status +
         R"(,"startTime":"2000-01-23T04:56:07.000Z","stopTime":"2000-01-23T04:56:08.001Z","duration":5,)"
         R"("fileReferenceID":"146b6c7f-0b8a-43b9-b35d-6489e6daee91","scriptLogAvailable":true,)"
         R"("details":[{"id":"246b6c7f-0b8a-43b9-b35d-6489e6daee91","privileges":["read"],"detailsType":2,)"
         R"("message":"message","detailCreatedDate":"2000-01-23T04:56:07.000Z"},{"detailsType":0}],)"
         R"("scriptLogLocation":"location","scriptLogSize":7})";
}

std::string Task(const std::string& type) {
  return R"({"id":"346b6c7f-0b8a-43b9-b35d-6489e6daee91","privileges":["read"],"name":"name","taskType":)" +
         type +
         R"(,"enabled":true,"taskSessionTimeout":1586191969,"maxRetries":2,)"
         R"("operational":{"id":"446b6c7f-0b8a-43b9-b35d-6489e6daee91","privileges":["read"],)"
         R"("lastExecutionResult":)" +
         Result("8") + R"(,"nextExecution":"2030-01-23T04:56:07.999Z"}})";
}

}  // namespace

std::string SymphonyBody() {
  return R"({"sessionName":"My Session","sessionType":"type","sessionTag":"tag","sessionPriority":10,)"
         R"("serviceName":"My Service","commonData":[["SOAM_STRING_CHARS","Test"],["SOAM_UINT32","4"],)"
         R"(["SOAM_INT64","1"],["SOAM_UINT64","8192"],["SOAM_BYTES","Base64 encoded string"],)"
         R"(["SOAM_BYTES","AAEC"]],)"
         R"("enableDataCompression":true,"parent":{"sessionID":"sessionID","taskID":"taskID"},)"
         R"("dataCompressionThreshold":32,"dataCompressionFlags":"BestSpeed","preemptive":false,)"
         R"("serviceToSlotRatio":{"numServices":1,"numSlots":2},"resourceGroupFilter":"filter",)"
         R"("preemptionRank":10,"defaultResourceAttributeValue":100.123,)"
         R"("resourcePreference":{"expression":"my expression","resourceAttributeDefinition":)"
         R"([{"name":"my name","alias":"my alias","defaultValue":20.0}]},)"
         R"("resourceAttributeDefinition":[{"name":"my name","alias":"my alias","defaultValue":20.0}],)"
         R"("dockerMountDefinition":[{"hostDir":"/tmp","containerDir":"/tmp","readonly":false},)"
         R"({"hostDir":"/root","containerDir":"/root","readonly":true}],"sessionMetaData":"meta-data",)"
         R"("attributes":{"sessionRetryLimit":"1","taskCleanupPeriod":"30","taskRetryLimit":"2"},)"
         R"("policyTagPath":"tag-path","taskDispatchOrder":"TaskDispatchOrderDefault",)"
         R"("enableCloseSessionOnPhysicalSessionLost":true,"datasetDependencies":["dependency1",)"
         R"("dependency2"],)"
         R"("sessionTimeout":10,"taskTimeout":10,"minServices":10,"maxServices":10,)"
         R"("resourceLimit":{"cpuLimit":50,"physicalMemoryLimit":1240,"virtualMemoryLimit":6503,)"
         R"("JvmMinHeap":500,"JvmMaxHeap":300},"slotDefinitionName":"definition name",)"
         R"("resourceReservationTimeout":10,"enableAbortSessionIfTaskRequeue":false,)"
         R"("sessionTTLInMinutes":60})";
}

std::string SymphonyAnswer() {
  return R"({"sessionId":1200,"applicationName":"symping7.3.2","clusterId":""})";
}

std::string QlikBody() {
  return R"({"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee91","createdDate":"2000-01-23T04:56:07.000Z",)"
         R"("modifiedDate":"2001-01-23T04:56:07.000Z","modifiedByUserName":"DIR\\user",)"
         R"("schemaPath":"ExecutionSession",)"
         R"("privileges":["read","delete"],"executingNode":{"id":"546b6c7f-0b8a-43b9-b35d-6489e6daee91",)"
         R"("privileges":["read"]},"executionResult":)" +
         Result("7") +
         R"(,"abortAt":"2002-01-23T04:56:07.000Z","retries":8,"abortReason":6,)"
         R"("app":{"id":"646b6c7f-0b8a-43b9-b35d-6489e6daee91","privileges":["read"],"name":"name",)"
         R"("appId":"appId",)"
         R"("publishTime":"2000-01-23T04:56:07.000Z","published":true,)"
         R"("stream":{"id":"746b6c7f-0b8a-43b9-b35d-6489e6daee91","privileges":["read"],"name":"name"},)"
         R"("savedInProductVersion":"14.5","migrationHash":"hash","availabilityStatus":1},"user":"user",)"
         R"("reloadTask":)" +
         Task("6") + R"(,"userSyncTask":)" + Task("9") + R"(,"externalProgramTask":)" + Task("4") + "}";
}

}  // namespace session_gateway::testing
