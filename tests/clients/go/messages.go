package main

import (
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

// The messages that the scenarios send. The clients in other languages build the same ones.

const zeroGUID = "00000000-0000-0000-0000-000000000000"

func text(value string) *pb.TypedValue {
	return &pb.TypedValue{Value: &pb.TypedValue_StringChars{StringChars: value}}
}
func uint32Value(value uint32) *pb.TypedValue {
	return &pb.TypedValue{Value: &pb.TypedValue_Uint32{Uint32: value}}
}
func int64Value(value int64) *pb.TypedValue {
	return &pb.TypedValue{Value: &pb.TypedValue_Int64{Int64: value}}
}
func uint64Value(value uint64) *pb.TypedValue {
	return &pb.TypedValue{Value: &pb.TypedValue_Uint64{Uint64: value}}
}
func bytesValue(value []byte) *pb.TypedValue {
	return &pb.TypedValue{Value: &pb.TypedValue_Bytes{Bytes: value}}
}
func other(typeName, value *string) *pb.TypedValue {
	return &pb.TypedValue{Value: &pb.TypedValue_Other_{Other: &pb.TypedValue_Other{Type: typeName, Value: value}}}
}

func timestamp(seconds int64, nanos int32) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: seconds, Nanos: nanos}
}

func sessionExtremes() *pb.Session {
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	return &pb.Session{
		SessionName:     proto.String("Grüße 漢字 🚀 \"quoted\" back\\slash\nline\ttab\x01"),
		SessionType:     proto.String(""),
		SessionTag:      proto.String("Tag_-09"),
		SessionPriority: proto.Int32(10000),
		ServiceName:     proto.String("/"),
		CommonData: []*pb.TypedValue{
			text("Ωmega"),
			uint32Value(math.MaxUint32),
			int64Value(math.MinInt64),
			int64Value(math.MaxInt64),
			uint64Value(math.MaxUint64),
			bytesValue(allBytes),
			bytesValue(nil),
			other(proto.String("SOAM_CUSTOM_1"), proto.String("not checked, %")),
			other(proto.String("SOAM_CUSTOM_2"), nil),
		},
		EnableDataCompression:         proto.Bool(true),
		Parent:                        &pb.Parent{SessionId: proto.String("9007199254740993")},
		DataCompressionThreshold:      proto.Int32(math.MinInt32),
		Preemptive:                    proto.Bool(true),
		ServiceToSlotRatio:            &pb.ServiceToSlotRatio{NumServices: proto.Uint32(1), NumSlots: proto.Uint32(math.MaxUint32)},
		PreemptionRank:                proto.Int32(1),
		DefaultResourceAttributeValue: proto.Float64(math.MaxFloat64),
		ResourcePreference: &pb.ResourcePreference{
			Expression: proto.String("a < b && c"),
			ResourceAttributeDefinition: []*pb.ResourceAttributeDefinition{
				{Name: proto.String("a"), Alias: proto.String("b"), DefaultValue: proto.Float64(math.SmallestNonzeroFloat64)},
				{DefaultValue: proto.Float64(math.Copysign(0, -1))},
				{},
			},
		},
		ResourceAttributeDefinition: []*pb.ResourceAttributeDefinition{
			{DefaultValue: proto.Float64(0.1)},
			{DefaultValue: proto.Float64(20)},
			{DefaultValue: proto.Float64(-1e21)},
		},
		DockerMountDefinition: []*pb.DockerMountDefinition{
			{HostDir: proto.String("/tmp"), ContainerDir: proto.String("/in"), Readonly: proto.Bool(true)},
			{},
		},
		SessionMetaData:     proto.String("\x00 is a character"),
		Attributes:          map[string]string{"ä": "3", "b": "", "A": "1", "a": "2", "": "empty"},
		DatasetDependencies: []string{"", "x"},
		SessionTimeout:      proto.Int32(math.MaxInt32),
		TaskTimeout:         proto.Int32(-1),
		ResourceLimit: &pb.ResourceLimit{
			CpuLimit:            proto.Int64(math.MaxInt64),
			PhysicalMemoryLimit: proto.Int64(math.MinInt64),
			VirtualMemoryLimit:  proto.Int64(1<<53 + 1),
			JvmMinHeap:          proto.Int64(-1),
			JvmMaxHeap:          proto.Int64(0),
		},
		SessionTtlInMinutes: proto.Int32(math.MinInt32),
		AdditionalJson:      map[string]string{"/policyTagPath": "null"},
	}
}

func sessionZero() *pb.Session {
	return &pb.Session{
		SessionName:                   proto.String(""),
		SessionTag:                    proto.String(""),
		CommonData:                    []*pb.TypedValue{text(""), uint32Value(0), int64Value(0), uint64Value(0), bytesValue(nil)},
		EnableDataCompression:         proto.Bool(false),
		Parent:                        &pb.Parent{},
		DataCompressionThreshold:      proto.Int32(0),
		Preemptive:                    proto.Bool(false),
		ServiceToSlotRatio:            &pb.ServiceToSlotRatio{},
		DefaultResourceAttributeValue: proto.Float64(0),
		DockerMountDefinition:         []*pb.DockerMountDefinition{{ContainerDir: proto.String(""), Readonly: proto.Bool(false)}},
		SessionTimeout:                proto.Int32(0),
		ResourceLimit:                 &pb.ResourceLimit{CpuLimit: proto.Int64(0)},
	}
}

func sessionAdditional() *pb.Session {
	return &pb.Session{
		DockerMountDefinition: []*pb.DockerMountDefinition{{HostDir: proto.String("/tmp")}},
		AdditionalJson: map[string]string{
			"/futureMember":                        `"\u00fc"`,
			"/parent/new":                          `{"deep":[1e400,-0,12345678901234567890.10]}`,
			"/dockerMountDefinition/0/propagation": `"rshared"`,
		},
	}
}

// Breaks a rule in each of its fields.
func sessionWithFaults() *pb.Session {
	return &pb.Session{
		SessionTag:                    proto.String("ä"),
		SessionPriority:               proto.Int32(0),
		CommonData:                    []*pb.TypedValue{uint32Value(1), other(nil, proto.String("x")), {}},
		ServiceToSlotRatio:            &pb.ServiceToSlotRatio{NumServices: proto.Uint32(2), NumSlots: proto.Uint32(2)},
		PreemptionRank:                proto.Int32(10001),
		DefaultResourceAttributeValue: proto.Float64(math.NaN()),
		DockerMountDefinition:         []*pb.DockerMountDefinition{{HostDir: proto.String("/")}, {HostDir: proto.String("tmp")}},
		AdditionalJson:                map[string]string{"/sessionName": `"x"`, `/a"b`: "{"},
	}
}

func executionSessionExtremes(id string) *pb.ExecutionSession {
	return &pb.ExecutionSession{
		Id:                 proto.String(id),
		CreatedDate:        timestamp(1709251199, 999999999),
		ModifiedDate:       timestamp(-62135596800, 0),
		ModifiedByUserName: proto.String(`DIRECTORY\üser`),
		SchemaPath:         proto.String("ExecutionSession"),
		Privileges:         []string{"read", ""},
		ExecutingNode:      &pb.ExecutingNode{Id: proto.String(zeroGUID)},
		ExecutionResult: &pb.ExecutionResult{
			Id:                 proto.String(""),
			Status:             pb.TaskExecutionStatus(77).Enum(),
			StartTime:          timestamp(-1, 999000000),
			StopTime:           timestamp(253402300799, 999999999),
			Duration:           proto.Int64(math.MaxInt64),
			FileReferenceId:    proto.String("ABCDEFab-0b8a-43b9-b35d-6489e6daee91"),
			ScriptLogAvailable: proto.Bool(true),
			Details: []*pb.ExecutionResultDetail{
				{
					DetailsType:       pb.DetailsType(math.MinInt32).Enum(),
					Message:           proto.String("漢字 🚀"),
					DetailCreatedDate: timestamp(948603367, 1000000),
				},
				{},
			},
			ScriptLogSize: proto.Int64(math.MinInt64),
		},
		AbortAt:     timestamp(1798675200, 0),
		Retries:     proto.Int32(math.MinInt32),
		AbortReason: pb.AbortReason(math.MaxInt32).Enum(),
		App: &pb.App{
			Name:               proto.String("App"),
			PublishTime:        timestamp(948603367, 0),
			Published:          proto.Bool(true),
			Stream:             &pb.Stream{},
			AvailabilityStatus: pb.AppAvailabilityStatus_APP_AVAILABILITY_STATUS_NOT_MIGRATED.Enum(),
		},
		User: proto.String("üser"),
		ReloadTask: &pb.Task{
			TaskType:           pb.TaskType_TASK_TYPE_PRELOAD.Enum(),
			Enabled:            proto.Bool(true),
			TaskSessionTimeout: proto.Int32(math.MaxInt32),
			MaxRetries:         proto.Int32(-1),
			Operational: &pb.TaskOperational{
				LastExecutionResult: &pb.ExecutionResult{
					Status: pb.TaskExecutionStatus_TASK_EXECUTION_STATUS_DISTRIBUTION_RUNNING.Enum(),
				},
				NextExecution: timestamp(1907755200, 500000000),
			},
		},
		AdditionalJson: map[string]string{"/externalProgramTask": "null"},
	}
}

func executionSessionZero() *pb.ExecutionSession {
	return &pb.ExecutionSession{
		Id:            proto.String(""),
		ExecutingNode: &pb.ExecutingNode{},
		ExecutionResult: &pb.ExecutionResult{
			Status:             pb.TaskExecutionStatus_TASK_EXECUTION_STATUS_NEVER_STARTED.Enum(),
			StartTime:          timestamp(0, 0),
			Duration:           proto.Int64(0),
			ScriptLogAvailable: proto.Bool(false),
			Details: []*pb.ExecutionResultDetail{
				{DetailsType: pb.DetailsType_DETAILS_TYPE_ERROR.Enum(), Message: proto.String("")},
			},
		},
		Retries:     proto.Int32(0),
		AbortReason: pb.AbortReason_ABORT_REASON_UNDEFINED.Enum(),
		App: &pb.App{
			Published:          proto.Bool(false),
			AvailabilityStatus: pb.AppAvailabilityStatus_APP_AVAILABILITY_STATUS_NOT_APPLICABLE.Enum(),
		},
		User: proto.String(""),
		ReloadTask: &pb.Task{
			TaskType: pb.TaskType_TASK_TYPE_RELOAD.Enum(), Enabled: proto.Bool(false), MaxRetries: proto.Int32(0),
		},
	}
}

// Breaks a rule in each of its fields.
func executionSessionWithFaults() *pb.ExecutionSession {
	return &pb.ExecutionSession{
		Id:      proto.String("{046b6c7f-0b8a-43b9-b35d-6489e6daee91}"),
		AbortAt: timestamp(253402300800, 0),
		ExecutionResult: &pb.ExecutionResult{
			FileReferenceId: proto.String("x"),
			Details:         []*pb.ExecutionResultDetail{{}, {Id: proto.String("0")}},
		},
		AdditionalJson: map[string]string{"/app": "{}"},
	}
}
