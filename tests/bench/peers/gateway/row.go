package main

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"peers/contract"
)

// An execution session of QRS, in both directions.
type row struct {
	ID                  *string  `json:"id,omitempty"`
	CreatedDate         *date    `json:"createdDate,omitempty"`
	ModifiedDate        *date    `json:"modifiedDate,omitempty"`
	ModifiedByUserName  *string  `json:"modifiedByUserName,omitempty"`
	SchemaPath          *string  `json:"schemaPath,omitempty"`
	Privileges          []string `json:"privileges,omitempty"`
	ExecutingNode       *node    `json:"executingNode,omitempty"`
	ExecutionResult     *result  `json:"executionResult,omitempty"`
	AbortAt             *date    `json:"abortAt,omitempty"`
	Retries             *int32   `json:"retries,omitempty"`
	AbortReason         *int32   `json:"abortReason,omitempty"`
	App                 *app     `json:"app,omitempty"`
	User                *string  `json:"user,omitempty"`
	ReloadTask          *task    `json:"reloadTask,omitempty"`
	UserSyncTask        *task    `json:"userSyncTask,omitempty"`
	ExternalProgramTask *task    `json:"externalProgramTask,omitempty"`
}

type node struct {
	ID         *string  `json:"id,omitempty"`
	Privileges []string `json:"privileges,omitempty"`
}

type result struct {
	ID                 *string  `json:"id,omitempty"`
	Privileges         []string `json:"privileges,omitempty"`
	ExecutingNodeName  *string  `json:"executingNodeName,omitempty"`
	Status             *int32   `json:"status,omitempty"`
	StartTime          *date    `json:"startTime,omitempty"`
	StopTime           *date    `json:"stopTime,omitempty"`
	Duration           *int64   `json:"duration,omitempty"`
	FileReferenceID    *string  `json:"fileReferenceID,omitempty"`
	ScriptLogAvailable *bool    `json:"scriptLogAvailable,omitempty"`
	Details            []detail `json:"details,omitempty"`
	ScriptLogLocation  *string  `json:"scriptLogLocation,omitempty"`
	ScriptLogSize      *int64   `json:"scriptLogSize,omitempty"`
}

type detail struct {
	ID                *string  `json:"id,omitempty"`
	Privileges        []string `json:"privileges,omitempty"`
	DetailsType       *int32   `json:"detailsType,omitempty"`
	Message           *string  `json:"message,omitempty"`
	DetailCreatedDate *date    `json:"detailCreatedDate,omitempty"`
}

type app struct {
	ID                    *string  `json:"id,omitempty"`
	Privileges            []string `json:"privileges,omitempty"`
	Name                  *string  `json:"name,omitempty"`
	AppID                 *string  `json:"appId,omitempty"`
	PublishTime           *date    `json:"publishTime,omitempty"`
	Published             *bool    `json:"published,omitempty"`
	Stream                *stream  `json:"stream,omitempty"`
	SavedInProductVersion *string  `json:"savedInProductVersion,omitempty"`
	MigrationHash         *string  `json:"migrationHash,omitempty"`
	AvailabilityStatus    *int32   `json:"availabilityStatus,omitempty"`
}

type stream struct {
	ID         *string  `json:"id,omitempty"`
	Privileges []string `json:"privileges,omitempty"`
	Name       *string  `json:"name,omitempty"`
}

type task struct {
	ID                 *string      `json:"id,omitempty"`
	Privileges         []string     `json:"privileges,omitempty"`
	Name               *string      `json:"name,omitempty"`
	TaskType           *int32       `json:"taskType,omitempty"`
	Enabled            *bool        `json:"enabled,omitempty"`
	TaskSessionTimeout *int32       `json:"taskSessionTimeout,omitempty"`
	MaxRetries         *int32       `json:"maxRetries,omitempty"`
	Operational        *operational `json:"operational,omitempty"`
}

type operational struct {
	ID                  *string  `json:"id,omitempty"`
	Privileges          []string `json:"privileges,omitempty"`
	LastExecutionResult *result  `json:"lastExecutionResult,omitempty"`
	NextExecution       *date    `json:"nextExecution,omitempty"`
}

// A date leaves with milliseconds, as QRS writes it.
type date time.Time

const dateForm = `"2006-01-02T15:04:05.000Z"`

func (d date) MarshalJSON() ([]byte, error) {
	return time.Time(d).UTC().AppendFormat(make([]byte, 0, len(dateForm)), dateForm), nil
}

func (d *date) UnmarshalJSON(text []byte) error {
	return (*time.Time)(d).UnmarshalJSON(text)
}

func dateOf(from *timestamppb.Timestamp) *date {
	if from == nil {
		return nil
	}
	to := date(from.AsTime())
	return &to
}

func stamp(from *date) *timestamppb.Timestamp {
	if from == nil {
		return nil
	}
	return timestamppb.New(time.Time(*from))
}

// An enum leaves as its number, and comes as one.
func number[E ~int32](from *E) *int32 { return as[int32](from) }
func enum[E ~int32](from *int32) *E   { return as[E](from) }

func as[To, From ~int32](from *From) *To {
	if from == nil {
		return nil
	}
	to := To(*from)
	return &to
}

func rowOf(from *contract.ExecutionSession) *row {
	to := &row{
		ID: from.Id, CreatedDate: dateOf(from.CreatedDate), ModifiedDate: dateOf(from.ModifiedDate),
		ModifiedByUserName: from.ModifiedByUserName, SchemaPath: from.SchemaPath, Privileges: from.Privileges,
		ExecutionResult: resultOf(from.ExecutionResult), AbortAt: dateOf(from.AbortAt), Retries: from.Retries,
		AbortReason: number(from.AbortReason), User: from.User, ReloadTask: taskOf(from.ReloadTask),
		UserSyncTask: taskOf(from.UserSyncTask), ExternalProgramTask: taskOf(from.ExternalProgramTask),
	}
	if n := from.ExecutingNode; n != nil {
		to.ExecutingNode = &node{n.Id, n.Privileges}
	}
	if a := from.App; a != nil {
		to.App = &app{
			a.Id, a.Privileges, a.Name, a.AppId, dateOf(a.PublishTime), a.Published, nil,
			a.SavedInProductVersion, a.MigrationHash, number(a.AvailabilityStatus),
		}
		if s := a.Stream; s != nil {
			to.App.Stream = &stream{s.Id, s.Privileges, s.Name}
		}
	}
	return to
}

func resultOf(from *contract.ExecutionResult) *result {
	if from == nil {
		return nil
	}
	to := &result{
		ID: from.Id, Privileges: from.Privileges, ExecutingNodeName: from.ExecutingNodeName,
		Status: number(from.Status), StartTime: dateOf(from.StartTime), StopTime: dateOf(from.StopTime),
		Duration: from.Duration, FileReferenceID: from.FileReferenceId,
		ScriptLogAvailable: from.ScriptLogAvailable, ScriptLogLocation: from.ScriptLogLocation,
		ScriptLogSize: from.ScriptLogSize, Details: make([]detail, len(from.Details)),
	}
	for i, d := range from.Details {
		to.Details[i] = detail{d.Id, d.Privileges, number(d.DetailsType), d.Message, dateOf(d.DetailCreatedDate)}
	}
	return to
}

func taskOf(from *contract.Task) *task {
	if from == nil {
		return nil
	}
	to := &task{
		ID: from.Id, Privileges: from.Privileges, Name: from.Name, TaskType: number(from.TaskType),
		Enabled: from.Enabled, TaskSessionTimeout: from.TaskSessionTimeout, MaxRetries: from.MaxRetries,
	}
	if o := from.Operational; o != nil {
		to.Operational = &operational{o.Id, o.Privileges, resultOf(o.LastExecutionResult), dateOf(o.NextExecution)}
	}
	return to
}

func (from *row) message() *contract.ExecutionSession {
	to := &contract.ExecutionSession{
		Id: from.ID, CreatedDate: stamp(from.CreatedDate), ModifiedDate: stamp(from.ModifiedDate),
		ModifiedByUserName: from.ModifiedByUserName, SchemaPath: from.SchemaPath, Privileges: from.Privileges,
		ExecutionResult: from.ExecutionResult.message(), AbortAt: stamp(from.AbortAt), Retries: from.Retries,
		AbortReason: enum[contract.AbortReason](from.AbortReason), User: from.User,
		ReloadTask: from.ReloadTask.message(), UserSyncTask: from.UserSyncTask.message(),
		ExternalProgramTask: from.ExternalProgramTask.message(),
	}
	if n := from.ExecutingNode; n != nil {
		to.ExecutingNode = &contract.ExecutingNode{Id: n.ID, Privileges: n.Privileges}
	}
	if a := from.App; a != nil {
		to.App = &contract.App{
			Id: a.ID, Privileges: a.Privileges, Name: a.Name, AppId: a.AppID, PublishTime: stamp(a.PublishTime),
			Published: a.Published, SavedInProductVersion: a.SavedInProductVersion,
			MigrationHash:      a.MigrationHash,
			AvailabilityStatus: enum[contract.AppAvailabilityStatus](a.AvailabilityStatus),
		}
		if s := a.Stream; s != nil {
			to.App.Stream = &contract.Stream{Id: s.ID, Privileges: s.Privileges, Name: s.Name}
		}
	}
	return to
}

func (from *result) message() *contract.ExecutionResult {
	if from == nil {
		return nil
	}
	to := &contract.ExecutionResult{
		Id: from.ID, Privileges: from.Privileges, ExecutingNodeName: from.ExecutingNodeName,
		Status: enum[contract.TaskExecutionStatus](from.Status), StartTime: stamp(from.StartTime),
		StopTime: stamp(from.StopTime), Duration: from.Duration, FileReferenceId: from.FileReferenceID,
		ScriptLogAvailable: from.ScriptLogAvailable, ScriptLogLocation: from.ScriptLogLocation,
		ScriptLogSize: from.ScriptLogSize, Details: make([]*contract.ExecutionResultDetail, len(from.Details)),
	}
	for i, d := range from.Details {
		to.Details[i] = &contract.ExecutionResultDetail{
			Id: d.ID, Privileges: d.Privileges, DetailsType: enum[contract.DetailsType](d.DetailsType),
			Message: d.Message, DetailCreatedDate: stamp(d.DetailCreatedDate),
		}
	}
	return to
}

func (from *task) message() *contract.Task {
	if from == nil {
		return nil
	}
	to := &contract.Task{
		Id: from.ID, Privileges: from.Privileges, Name: from.Name, TaskType: enum[contract.TaskType](from.TaskType),
		Enabled: from.Enabled, TaskSessionTimeout: from.TaskSessionTimeout, MaxRetries: from.MaxRetries,
	}
	if o := from.Operational; o != nil {
		to.Operational = &contract.TaskOperational{
			Id: o.ID, Privileges: o.Privileges, LastExecutionResult: o.LastExecutionResult.message(),
			NextExecution: stamp(o.NextExecution),
		}
	}
	return to
}
