package scenarios;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import sessiongateway.v1.Qlik.AbortReason;
import sessiongateway.v1.Qlik.App;
import sessiongateway.v1.Qlik.AppAvailabilityStatus;
import sessiongateway.v1.Qlik.DetailsType;
import sessiongateway.v1.Qlik.ExecutingNode;
import sessiongateway.v1.Qlik.ExecutionResult;
import sessiongateway.v1.Qlik.ExecutionResultDetail;
import sessiongateway.v1.Qlik.ExecutionSession;
import sessiongateway.v1.Qlik.Stream;
import sessiongateway.v1.Qlik.Task;
import sessiongateway.v1.Qlik.TaskExecutionStatus;
import sessiongateway.v1.Qlik.TaskOperational;
import sessiongateway.v1.Qlik.TaskType;
import sessiongateway.v1.Symphony.DockerMountDefinition;
import sessiongateway.v1.Symphony.Parent;
import sessiongateway.v1.Symphony.ResourceAttributeDefinition;
import sessiongateway.v1.Symphony.ResourceLimit;
import sessiongateway.v1.Symphony.ResourcePreference;
import sessiongateway.v1.Symphony.ServiceToSlotRatio;
import sessiongateway.v1.Symphony.Session;
import sessiongateway.v1.Symphony.TypedValue;

/** The messages that the scenarios send. The clients in other languages build the same ones. */
final class Messages {
  static final String ZERO_GUID = "00000000-0000-0000-0000-000000000000";

  private Messages() {}

  private static TypedValue.Builder value() {
    return TypedValue.newBuilder();
  }

  private static TypedValue.Builder other(TypedValue.Other.Builder other) {
    return value().setOther(other);
  }

  private static ResourceAttributeDefinition.Builder attribute(double defaultValue) {
    return ResourceAttributeDefinition.newBuilder().setDefaultValue(defaultValue);
  }

  private static ByteString allBytes() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    return ByteString.copyFrom(all);
  }

  static Session sessionExtremes() {
    var custom = TypedValue.Other.newBuilder().setType("SOAM_CUSTOM_1").setValue("not checked, %");
    return Session.newBuilder()
        .setSessionName("Grüße 漢字 🚀 \"quoted\" back\\slash\nline\ttab\u0001")
        .setSessionType("")
        .setSessionTag("Tag_-09")
        .setSessionPriority(10000)
        .setServiceName("/")
        .addCommonData(value().setStringChars("Ωmega"))
        .addCommonData(value().setUint32(-1)) // 2^32-1
        .addCommonData(value().setInt64(Long.MIN_VALUE))
        .addCommonData(value().setInt64(Long.MAX_VALUE))
        .addCommonData(value().setUint64(-1L)) // 2^64-1
        .addCommonData(value().setBytes(allBytes()))
        .addCommonData(value().setBytes(ByteString.EMPTY))
        .addCommonData(other(custom))
        .addCommonData(other(TypedValue.Other.newBuilder().setType("SOAM_CUSTOM_2")))
        .setEnableDataCompression(true)
        .setParent(Parent.newBuilder().setSessionId("9007199254740993"))
        .setDataCompressionThreshold(Integer.MIN_VALUE)
        .setPreemptive(true)
        .setServiceToSlotRatio(ServiceToSlotRatio.newBuilder().setNumServices(1).setNumSlots(-1))
        .setPreemptionRank(1)
        .setDefaultResourceAttributeValue(Double.MAX_VALUE)
        .setResourcePreference(
            ResourcePreference.newBuilder()
                .setExpression("a < b && c")
                .addResourceAttributeDefinition(
                    attribute(Double.MIN_VALUE).setName("a").setAlias("b"))
                .addResourceAttributeDefinition(attribute(-0.0))
                .addResourceAttributeDefinition(ResourceAttributeDefinition.getDefaultInstance()))
        .addResourceAttributeDefinition(attribute(0.1))
        .addResourceAttributeDefinition(attribute(20))
        .addResourceAttributeDefinition(attribute(-1e21))
        .addDockerMountDefinition(
            DockerMountDefinition.newBuilder()
                .setHostDir("/tmp")
                .setContainerDir("/in")
                .setReadonly(true))
        .addDockerMountDefinition(DockerMountDefinition.getDefaultInstance())
        .setSessionMetaData("\u0000 is a character")
        .putAttributes("ä", "3")
        .putAttributes("b", "")
        .putAttributes("A", "1")
        .putAttributes("a", "2")
        .putAttributes("", "empty")
        .addDatasetDependencies("")
        .addDatasetDependencies("x")
        .setSessionTimeout(Integer.MAX_VALUE)
        .setTaskTimeout(-1)
        .setResourceLimit(
            ResourceLimit.newBuilder()
                .setCpuLimit(Long.MAX_VALUE)
                .setPhysicalMemoryLimit(Long.MIN_VALUE)
                .setVirtualMemoryLimit((1L << 53) + 1)
                .setJvmMinHeap(-1)
                .setJvmMaxHeap(0))
        .setSessionTtlInMinutes(Integer.MIN_VALUE)
        .putAdditionalJson("/policyTagPath", "null")
        .build();
  }

  static Session sessionZero() {
    return Session.newBuilder()
        .setSessionName("")
        .setSessionTag("")
        .addCommonData(value().setStringChars(""))
        .addCommonData(value().setUint32(0))
        .addCommonData(value().setInt64(0))
        .addCommonData(value().setUint64(0))
        .addCommonData(value().setBytes(ByteString.EMPTY))
        .setEnableDataCompression(false)
        .setParent(Parent.getDefaultInstance())
        .setDataCompressionThreshold(0)
        .setPreemptive(false)
        .setServiceToSlotRatio(ServiceToSlotRatio.getDefaultInstance())
        .setDefaultResourceAttributeValue(0)
        .addDockerMountDefinition(
            DockerMountDefinition.newBuilder().setContainerDir("").setReadonly(false))
        .setSessionTimeout(0)
        .setResourceLimit(ResourceLimit.newBuilder().setCpuLimit(0))
        .build();
  }

  static Session sessionAdditional() {
    return Session.newBuilder()
        .addDockerMountDefinition(DockerMountDefinition.newBuilder().setHostDir("/tmp"))
        .putAdditionalJson("/futureMember", "\"\\u00fc\"")
        .putAdditionalJson("/parent/new", "{\"deep\":[1e400,-0,12345678901234567890.10]}")
        .putAdditionalJson("/dockerMountDefinition/0/propagation", "\"rshared\"")
        .build();
  }

  /** Breaks a rule in each of its fields. */
  static Session sessionWithFaults() {
    return Session.newBuilder()
        .setSessionTag("ä")
        .setSessionPriority(0)
        .addCommonData(value().setUint32(1))
        .addCommonData(other(TypedValue.Other.newBuilder().setValue("x")))
        .addCommonData(value())
        .setServiceToSlotRatio(ServiceToSlotRatio.newBuilder().setNumServices(2).setNumSlots(2))
        .setPreemptionRank(10001)
        .setDefaultResourceAttributeValue(Double.NaN)
        .addDockerMountDefinition(DockerMountDefinition.newBuilder().setHostDir("/"))
        .addDockerMountDefinition(DockerMountDefinition.newBuilder().setHostDir("tmp"))
        .putAdditionalJson("/sessionName", "\"x\"")
        .putAdditionalJson("/a\"b", "{")
        .build();
  }

  private static Timestamp timestamp(long seconds, int nanos) {
    return Timestamp.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }

  static ExecutionSession executionSessionExtremes(String id) {
    return ExecutionSession.newBuilder()
        .setId(id)
        .setCreatedDate(timestamp(1709251199, 999999999))
        .setModifiedDate(timestamp(-62135596800L, 0))
        .setModifiedByUserName("DIRECTORY\\üser")
        .setSchemaPath("ExecutionSession")
        .addPrivileges("read")
        .addPrivileges("")
        .setExecutingNode(ExecutingNode.newBuilder().setId(ZERO_GUID))
        .setExecutionResult(
            ExecutionResult.newBuilder()
                .setId("")
                .setStatusValue(77) // not in the contract
                .setStartTime(timestamp(-1, 999000000))
                .setStopTime(timestamp(253402300799L, 999999999))
                .setDuration(Long.MAX_VALUE)
                .setFileReferenceId("ABCDEFab-0b8a-43b9-b35d-6489e6daee91")
                .setScriptLogAvailable(true)
                .addDetails(
                    ExecutionResultDetail.newBuilder()
                        .setDetailsTypeValue(Integer.MIN_VALUE)
                        .setMessage("漢字 🚀")
                        .setDetailCreatedDate(timestamp(948603367, 1000000)))
                .addDetails(ExecutionResultDetail.getDefaultInstance())
                .setScriptLogSize(Long.MIN_VALUE))
        .setAbortAt(timestamp(1798675200, 0))
        .setRetries(Integer.MIN_VALUE)
        .setAbortReasonValue(Integer.MAX_VALUE)
        .setApp(
            App.newBuilder()
                .setName("App")
                .setPublishTime(timestamp(948603367, 0))
                .setPublished(true)
                .setStream(Stream.getDefaultInstance())
                .setAvailabilityStatus(AppAvailabilityStatus.APP_AVAILABILITY_STATUS_NOT_MIGRATED))
        .setUser("üser")
        .setReloadTask(
            Task.newBuilder()
                .setTaskType(TaskType.TASK_TYPE_PRELOAD)
                .setEnabled(true)
                .setTaskSessionTimeout(Integer.MAX_VALUE)
                .setMaxRetries(-1)
                .setOperational(
                    TaskOperational.newBuilder()
                        .setLastExecutionResult(
                            ExecutionResult.newBuilder()
                                .setStatus(
                                    TaskExecutionStatus.TASK_EXECUTION_STATUS_DISTRIBUTION_RUNNING))
                        .setNextExecution(timestamp(1907755200, 500000000))))
        .putAdditionalJson("/externalProgramTask", "null")
        .build();
  }

  static ExecutionSession executionSessionZero() {
    return ExecutionSession.newBuilder()
        .setId("")
        .setExecutingNode(ExecutingNode.getDefaultInstance())
        .setExecutionResult(
            ExecutionResult.newBuilder()
                .setStatus(TaskExecutionStatus.TASK_EXECUTION_STATUS_NEVER_STARTED)
                .setStartTime(timestamp(0, 0))
                .setDuration(0)
                .setScriptLogAvailable(false)
                .addDetails(
                    ExecutionResultDetail.newBuilder()
                        .setDetailsType(DetailsType.DETAILS_TYPE_ERROR)
                        .setMessage("")))
        .setRetries(0)
        .setAbortReason(AbortReason.ABORT_REASON_UNDEFINED)
        .setApp(
            App.newBuilder()
                .setPublished(false)
                .setAvailabilityStatus(
                    AppAvailabilityStatus.APP_AVAILABILITY_STATUS_NOT_APPLICABLE))
        .setUser("")
        .setReloadTask(
            Task.newBuilder()
                .setTaskType(TaskType.TASK_TYPE_RELOAD)
                .setEnabled(false)
                .setMaxRetries(0))
        .build();
  }

  /** Breaks a rule in each of its fields. */
  static ExecutionSession executionSessionWithFaults() {
    return ExecutionSession.newBuilder()
        .setId("{046b6c7f-0b8a-43b9-b35d-6489e6daee91}")
        .setAbortAt(timestamp(253402300800L, 0))
        .setExecutionResult(
            ExecutionResult.newBuilder()
                .setFileReferenceId("x")
                .addDetails(ExecutionResultDetail.getDefaultInstance())
                .addDetails(ExecutionResultDetail.newBuilder().setId("0")))
        .putAdditionalJson("/app", "{}")
        .build();
  }
}
