/** The messages that the scenarios send. The clients in other languages build the same ones. */
import type { Timestamp } from "../generated/google/protobuf/timestamp.js";
import {
  AbortReason,
  AppAvailabilityStatus,
  DetailsType,
  ExecutionSession,
  TaskExecutionStatus,
  TaskType,
} from "../generated/sessiongateway/v1/qlik.js";
import { Session } from "../generated/sessiongateway/v1/symphony.js";

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
export const ZERO_GUID = "00000000-0000-0000-0000-000000000000";

export function sessionExtremes(): Session {
  return Session.fromPartial({
    sessionName: 'Grüße 漢字 🚀 "quoted" back\\slash\nline\ttab\x01',
    sessionType: "",
    sessionTag: "Tag_-09",
    sessionPriority: 10000,
    serviceName: "/",
    commonData: [
      { stringChars: "Ωmega" },
      { uint32: 2 ** 32 - 1 },
      { int64: INT64_MIN },
      { int64: INT64_MAX },
      { uint64: 2n ** 64n - 1n },
      { bytes: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) },
      { bytes: Buffer.alloc(0) },
      { other: { type: "SOAM_CUSTOM_1", value: "not checked, %" } },
      { other: { type: "SOAM_CUSTOM_2" } },
    ],
    enableDataCompression: true,
    parent: { sessionId: "9007199254740993" },
    dataCompressionThreshold: INT32_MIN,
    preemptive: true,
    serviceToSlotRatio: { numServices: 1, numSlots: 2 ** 32 - 1 },
    preemptionRank: 1,
    defaultResourceAttributeValue: Number.MAX_VALUE,
    resourcePreference: {
      expression: "a < b && c",
      resourceAttributeDefinition: [
        { name: "a", alias: "b", defaultValue: Number.MIN_VALUE },
        { defaultValue: -0.0 },
        {},
      ],
    },
    resourceAttributeDefinition: [
      { defaultValue: 0.1 },
      { defaultValue: 20 },
      { defaultValue: -1e21 },
    ],
    dockerMountDefinition: [{ hostDir: "/tmp", containerDir: "/in", readonly: true }, {}],
    sessionMetaData: "\x00 is a character",
    attributes: { ä: "3", b: "", A: "1", a: "2", "": "empty" },
    datasetDependencies: ["", "x"],
    sessionTimeout: INT32_MAX,
    taskTimeout: -1,
    resourceLimit: {
      cpuLimit: INT64_MAX,
      physicalMemoryLimit: INT64_MIN,
      virtualMemoryLimit: 2n ** 53n + 1n,
      jvmMinHeap: -1n,
      jvmMaxHeap: 0n,
    },
    sessionTtlInMinutes: INT32_MIN,
    additionalJson: { "/policyTagPath": "null" },
  });
}

export function sessionZero(): Session {
  return Session.fromPartial({
    sessionName: "",
    sessionTag: "",
    commonData: [
      { stringChars: "" },
      { uint32: 0 },
      { int64: 0n },
      { uint64: 0n },
      { bytes: Buffer.alloc(0) },
    ],
    enableDataCompression: false,
    parent: {},
    dataCompressionThreshold: 0,
    preemptive: false,
    serviceToSlotRatio: {},
    defaultResourceAttributeValue: 0,
    dockerMountDefinition: [{ containerDir: "", readonly: false }],
    sessionTimeout: 0,
    resourceLimit: { cpuLimit: 0n },
  });
}

export function sessionAdditional(): Session {
  return Session.fromPartial({
    dockerMountDefinition: [{ hostDir: "/tmp" }],
    additionalJson: {
      "/futureMember": '"\\u00fc"',
      "/parent/new": '{"deep":[1e400,-0,12345678901234567890.10]}',
      "/dockerMountDefinition/0/propagation": '"rshared"',
    },
  });
}

/** Breaks a rule in each of its fields. */
export function sessionWithFaults(): Session {
  return Session.fromPartial({
    sessionTag: "ä",
    sessionPriority: 0,
    commonData: [{ uint32: 1 }, { other: { value: "x" } }, {}],
    serviceToSlotRatio: { numServices: 2, numSlots: 2 },
    preemptionRank: 10001,
    defaultResourceAttributeValue: NaN,
    dockerMountDefinition: [{ hostDir: "/" }, { hostDir: "tmp" }],
    additionalJson: { "/sessionName": '"x"', '/a"b': "{" },
  });
}

function timestamp(seconds: bigint, nanos = 0): Timestamp {
  return { seconds, nanos };
}

export function executionSessionExtremes(id: string): ExecutionSession {
  return ExecutionSession.fromPartial({
    id,
    createdDate: timestamp(1709251199n, 999999999),
    modifiedDate: timestamp(-62135596800n),
    modifiedByUserName: "DIRECTORY\\üser",
    schemaPath: "ExecutionSession",
    privileges: ["read", ""],
    executingNode: { id: ZERO_GUID },
    executionResult: {
      id: "",
      status: 77 as TaskExecutionStatus, // not in the contract
      startTime: timestamp(-1n, 999000000),
      stopTime: timestamp(253402300799n, 999999999),
      duration: INT64_MAX,
      fileReferenceId: "ABCDEFab-0b8a-43b9-b35d-6489e6daee91",
      scriptLogAvailable: true,
      details: [
        {
          detailsType: INT32_MIN as DetailsType,
          message: "漢字 🚀",
          detailCreatedDate: timestamp(948603367n, 1000000),
        },
        {},
      ],
      scriptLogSize: INT64_MIN,
    },
    abortAt: timestamp(1798675200n),
    retries: INT32_MIN,
    abortReason: INT32_MAX as AbortReason,
    app: {
      name: "App",
      publishTime: timestamp(948603367n),
      published: true,
      stream: {},
      availabilityStatus: AppAvailabilityStatus.APP_AVAILABILITY_STATUS_NOT_MIGRATED,
    },
    user: "üser",
    reloadTask: {
      taskType: TaskType.TASK_TYPE_PRELOAD,
      enabled: true,
      taskSessionTimeout: INT32_MAX,
      maxRetries: -1,
      operational: {
        lastExecutionResult: {
          status: TaskExecutionStatus.TASK_EXECUTION_STATUS_DISTRIBUTION_RUNNING,
        },
        nextExecution: timestamp(1907755200n, 500000000),
      },
    },
    additionalJson: { "/externalProgramTask": "null" },
  });
}

export function executionSessionZero(): ExecutionSession {
  return ExecutionSession.fromPartial({
    id: "",
    executingNode: {},
    executionResult: {
      status: TaskExecutionStatus.TASK_EXECUTION_STATUS_NEVER_STARTED,
      startTime: timestamp(0n),
      duration: 0n,
      scriptLogAvailable: false,
      details: [{ detailsType: DetailsType.DETAILS_TYPE_ERROR, message: "" }],
    },
    retries: 0,
    abortReason: AbortReason.ABORT_REASON_UNDEFINED,
    app: {
      published: false,
      availabilityStatus: AppAvailabilityStatus.APP_AVAILABILITY_STATUS_NOT_APPLICABLE,
    },
    user: "",
    reloadTask: { taskType: TaskType.TASK_TYPE_RELOAD, enabled: false, maxRetries: 0 },
  });
}

/** Breaks a rule in each of its fields. */
export function executionSessionWithFaults(): ExecutionSession {
  return ExecutionSession.fromPartial({
    id: "{046b6c7f-0b8a-43b9-b35d-6489e6daee91}",
    abortAt: timestamp(253402300800n),
    executionResult: { fileReferenceId: "x", details: [{}, { id: "0" }] },
    additionalJson: { "/app": "{}" },
  });
}
