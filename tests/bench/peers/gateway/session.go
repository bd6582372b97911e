package main

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"peers/contract"
)

// The body of a Symphony session, spelled as the REST API spells it. Unset members are left out, so they are pointers.
type session struct {
	SessionName                             *string           `json:"sessionName,omitempty"`
	SessionType                             *string           `json:"sessionType,omitempty"`
	SessionTag                              *string           `json:"sessionTag,omitempty"`
	SessionPriority                         *int32            `json:"sessionPriority,omitempty"`
	ServiceName                             *string           `json:"serviceName,omitempty"`
	CommonData                              [][2]string       `json:"commonData,omitempty"`
	EnableDataCompression                   *bool             `json:"enableDataCompression,omitempty"`
	Parent                                  *parent           `json:"parent,omitempty"`
	DataCompressionThreshold                *int32            `json:"dataCompressionThreshold,omitempty"`
	DataCompressionFlags                    *string           `json:"dataCompressionFlags,omitempty"`
	Preemptive                              *bool             `json:"preemptive,omitempty"`
	ServiceToSlotRatio                      *slotRatio        `json:"serviceToSlotRatio,omitempty"`
	ResourceGroupFilter                     *string           `json:"resourceGroupFilter,omitempty"`
	PreemptionRank                          *int32            `json:"preemptionRank,omitempty"`
	DefaultResourceAttributeValue           *float64          `json:"defaultResourceAttributeValue,omitempty"`
	ResourcePreference                      *preference       `json:"resourcePreference,omitempty"`
	ResourceAttributeDefinition             []attribute       `json:"resourceAttributeDefinition,omitempty"`
	DockerMountDefinition                   []mount           `json:"dockerMountDefinition,omitempty"`
	SessionMetaData                         *string           `json:"sessionMetaData,omitempty"`
	Attributes                              map[string]string `json:"attributes,omitempty"`
	PolicyTagPath                           *string           `json:"policyTagPath,omitempty"`
	TaskDispatchOrder                       *string           `json:"taskDispatchOrder,omitempty"`
	EnableCloseSessionOnPhysicalSessionLost *bool             `json:"enableCloseSessionOnPhysicalSessionLost,omitempty"`
	DatasetDependencies                     []string          `json:"datasetDependencies,omitempty"`
	SessionTimeout                          *int32            `json:"sessionTimeout,omitempty"`
	TaskTimeout                             *int32            `json:"taskTimeout,omitempty"`
	MinServices                             *int32            `json:"minServices,omitempty"`
	MaxServices                             *int32            `json:"maxServices,omitempty"`
	ResourceLimit                           *limit            `json:"resourceLimit,omitempty"`
	SlotDefinitionName                      *string           `json:"slotDefinitionName,omitempty"`
	ResourceReservationTimeout              *int32            `json:"resourceReservationTimeout,omitempty"`
	EnableAbortSessionIfTaskRequeue         *bool             `json:"enableAbortSessionIfTaskRequeue,omitempty"`
	SessionTTLInMinutes                     *int32            `json:"sessionTTLInMinutes,omitempty"`
}

type parent struct {
	SessionID *string `json:"sessionID,omitempty"`
	TaskID    *string `json:"taskID,omitempty"`
}

type slotRatio struct {
	NumServices *uint32 `json:"numServices,omitempty"`
	NumSlots    *uint32 `json:"numSlots,omitempty"`
}

type preference struct {
	Expression                  *string     `json:"expression,omitempty"`
	ResourceAttributeDefinition []attribute `json:"resourceAttributeDefinition,omitempty"`
}

type attribute struct {
	Name         *string  `json:"name,omitempty"`
	Alias        *string  `json:"alias,omitempty"`
	DefaultValue *float64 `json:"defaultValue,omitempty"`
}

type mount struct {
	HostDir      *string `json:"hostDir,omitempty"`
	ContainerDir *string `json:"containerDir,omitempty"`
	Readonly     *bool   `json:"readonly,omitempty"`
}

type limit struct {
	CPULimit            *int64 `json:"cpuLimit,omitempty"`
	PhysicalMemoryLimit *int64 `json:"physicalMemoryLimit,omitempty"`
	VirtualMemoryLimit  *int64 `json:"virtualMemoryLimit,omitempty"`
	JvmMinHeap          *int64 `json:"JvmMinHeap,omitempty"`
	JvmMaxHeap          *int64 `json:"JvmMaxHeap,omitempty"`
}

type sessionAnswer struct {
	SessionID       *string `json:"sessionId"`
	ApplicationName *string `json:"applicationName"`
	ClusterID       *string `json:"clusterId"`
}

func pairOf(value *contract.TypedValue) ([2]string, error) {
	switch v := value.Value.(type) {
	case *contract.TypedValue_StringChars:
		return [2]string{"SOAM_STRING_CHARS", v.StringChars}, nil
	case *contract.TypedValue_Uint32:
		return [2]string{"SOAM_UINT32", strconv.FormatUint(uint64(v.Uint32), 10)}, nil
	case *contract.TypedValue_Int64:
		return [2]string{"SOAM_INT64", strconv.FormatInt(v.Int64, 10)}, nil
	case *contract.TypedValue_Uint64:
		return [2]string{"SOAM_UINT64", strconv.FormatUint(v.Uint64, 10)}, nil
	case *contract.TypedValue_Bytes:
		return [2]string{"SOAM_BYTES", base64.StdEncoding.EncodeToString(v.Bytes)}, nil
	case *contract.TypedValue_Other_:
		return [2]string{v.Other.GetType(), v.Other.GetValue()}, nil
	}
	return [2]string{}, fmt.Errorf("a value of common_data is not set")
}

func attributesOf(from []*contract.ResourceAttributeDefinition) []attribute {
	to := make([]attribute, len(from))
	for i, a := range from {
		to[i] = attribute{a.Name, a.Alias, a.DefaultValue}
	}
	return to
}

func sessionOf(from *contract.Session) (*session, error) {
	if from == nil {
		return &session{}, nil
	}
	to := &session{
		SessionName: from.SessionName, SessionType: from.SessionType, SessionTag: from.SessionTag,
		SessionPriority: from.SessionPriority, ServiceName: from.ServiceName,
		EnableDataCompression:    from.EnableDataCompression,
		DataCompressionThreshold: from.DataCompressionThreshold, DataCompressionFlags: from.DataCompressionFlags,
		Preemptive: from.Preemptive, ResourceGroupFilter: from.ResourceGroupFilter,
		PreemptionRank: from.PreemptionRank, DefaultResourceAttributeValue: from.DefaultResourceAttributeValue,
		ResourceAttributeDefinition: attributesOf(from.ResourceAttributeDefinition),
		SessionMetaData:             from.SessionMetaData, Attributes: from.Attributes,
		PolicyTagPath: from.PolicyTagPath, TaskDispatchOrder: from.TaskDispatchOrder,
		EnableCloseSessionOnPhysicalSessionLost: from.EnableCloseSessionOnPhysicalSessionLost,
		DatasetDependencies:                     from.DatasetDependencies,
		SessionTimeout:                          from.SessionTimeout, TaskTimeout: from.TaskTimeout,
		MinServices: from.MinServices, MaxServices: from.MaxServices,
		SlotDefinitionName:              from.SlotDefinitionName,
		ResourceReservationTimeout:      from.ResourceReservationTimeout,
		EnableAbortSessionIfTaskRequeue: from.EnableAbortSessionIfTaskRequeue,
		SessionTTLInMinutes:             from.SessionTtlInMinutes,
	}
	for _, value := range from.CommonData {
		pair, err := pairOf(value)
		if err != nil {
			return nil, err
		}
		to.CommonData = append(to.CommonData, pair)
	}
	addNested(from, to)
	return to, nil
}

func addNested(from *contract.Session, to *session) {
	if p := from.Parent; p != nil {
		to.Parent = &parent{p.SessionId, p.TaskId}
	}
	if r := from.ServiceToSlotRatio; r != nil {
		to.ServiceToSlotRatio = &slotRatio{r.NumServices, r.NumSlots}
	}
	if p := from.ResourcePreference; p != nil {
		to.ResourcePreference = &preference{p.Expression, attributesOf(p.ResourceAttributeDefinition)}
	}
	for _, m := range from.DockerMountDefinition {
		to.DockerMountDefinition = append(to.DockerMountDefinition, mount{m.HostDir, m.ContainerDir, m.Readonly})
	}
	if l := from.ResourceLimit; l != nil {
		to.ResourceLimit = &limit{
			l.CpuLimit, l.PhysicalMemoryLimit, l.VirtualMemoryLimit, l.JvmMinHeap, l.JvmMaxHeap,
		}
	}
}
