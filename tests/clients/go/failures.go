package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

// Nothing is sent for a message that breaks a rule, and the error names the fields.
func refusedHere(scenario, upstream string, s sandbox, create func() answer, expected []string) {
	var a answer
	s.sees(0, 0, func() { a = create() })
	a.expectError("INVALID_ARGUMENT", "INVALID_FIELD", "not_sent", "validate")
	sorted := append([]string{}, a.fields...)
	sort.Strings(sorted)
	sort.Strings(expected)
	equal(sorted, expected, "the fields")
	equal(a.metadata["upstream"], upstream, "upstream")
	a.print(scenario, values{"fields": a.fields})
}

func runInvalidRequests(c *client) {
	session := func(request *pb.CreateSessionRequest) func() answer {
		return func() answer { _, a := c.createSession(request, callTimeout); return a }
	}
	execution := func(request *pb.CreateExecutionSessionRequest) func() answer {
		return func() answer { _, a := c.createExecutionSession(request, callTimeout); return a }
	}
	refusedHere("invalid_session", "symphony", c.symphony, session(&pb.CreateSessionRequest{
		RequestId: proto.String(zeroGUID), ApplicationName: proto.String(""), ClusterId: proto.String("\n"),
		Session: sessionWithFaults(),
	}), []string{
		"request_id", "application_name", "cluster_id", "session.session_tag", "session.session_priority",
		"session.common_data[1].other.type", "session.common_data[2]", "session.service_to_slot_ratio",
		"session.preemption_rank", "session.default_resource_attribute_value",
		"session.docker_mount_definition[1].host_dir", `session.additional_json["/sessionName"]`,
		`session.additional_json["/a\"b"]`,
	})
	many := &pb.Session{}
	expected := []string{}
	for i := 0; i < 40; i++ {
		many.CommonData = append(many.CommonData, &pb.TypedValue{})
		if i < 16 {
			expected = append(expected, fmt.Sprintf("session.common_data[%d]", i))
		}
	}
	refusedHere("many_faults", "symphony", c.symphony, session(&pb.CreateSessionRequest{
		ApplicationName: proto.String(application), Session: many,
	}), expected)
	refusedHere("invalid_execution_session", "qlik", c.qlik, execution(&pb.CreateExecutionSessionRequest{
		RequestId: proto.String("x"), ExecutionSession: executionSessionWithFaults(),
	}), []string{
		"request_id", "execution_session.id", "execution_session.abort_at",
		"execution_session.execution_result.file_reference_id",
		"execution_session.execution_result.details[1].id", `execution_session.additional_json["/app"]`,
	})
	refusedHere("no_execution_session", "qlik", c.qlik, execution(&pb.CreateExecutionSessionRequest{}),
		[]string{"execution_session"})
}

// A repeat creates nothing: it gets the first answer again, and other content is refused.
func runRequestID(c *client) {
	request := &pb.CreateSessionRequest{
		ApplicationName: proto.String(application), RequestId: proto.String(newUUID()),
	}
	var first, again *pb.CreateSessionResponse
	var a answer
	c.symphony.sees(1, 1, func() {
		first, a = c.createSession(request, callTimeout)
		a.expectOK()
		again, a = c.createSession(request, callTimeout)
		a.expectOK()
	})
	equal([]bool{first.GetReplayed(), again.GetReplayed()}, []bool{false, true}, "replayed")
	equal(again.GetSessionId(), first.GetSessionId(), "session_id")
	a.print("session_request_id", values{"replayed": again.GetReplayed()})

	request.ClusterId = proto.String("another")
	c.symphony.sees(0, 0, func() { _, a = c.createSession(request, callTimeout) })
	a.expectError("INVALID_ARGUMENT", "REQUEST_ID_REUSED", "not_sent", "validate")
	equal(a.fields, []string{"request_id"}, "fields")
	a.print("session_request_id_reused", values{"message": a.message})

	row := &pb.CreateExecutionSessionRequest{
		ExecutionSession: &pb.ExecutionSession{}, RequestId: proto.String(request.GetRequestId()),
	}
	var firstRow, sameRow *pb.CreateExecutionSessionResponse
	c.qlik.sees(1, 1, func() {
		firstRow, a = c.createExecutionSession(row, callTimeout)
		a.expectOK()
		sameRow, a = c.createExecutionSession(row, callTimeout)
		a.expectOK()
	})
	equal([]bool{firstRow.GetReplayed(), sameRow.GetReplayed()}, []bool{false, true}, "replayed")
	check(proto.Equal(firstRow.ExecutionSession, sameRow.ExecutionSession), "the rows differ")
	a.print("execution_session_request_id", values{"replayed": sameRow.GetReplayed()})
}

// A refusal of the sandbox's own: it is strict, and it knows no such member.
func runRefusedBySandbox(c *client) {
	c.symphony.sees(1, 0, func() {
		_, a := c.createSession(&pb.CreateSessionRequest{
			ApplicationName: proto.String(application),
			Session:         &pb.Session{AdditionalJson: map[string]string{"/futureMember": "1"}},
		}, callTimeout)
		a.expectError("INVALID_ARGUMENT", "UPSTREAM_REFUSED", "refused", "receive")
		check(strings.Contains(a.message, "futureMember"), "the message: %s", a.message)
		a.print("refused_by_sandbox", values{"message": a.message})
	})
}

type failure struct {
	Name, Upstream               string
	Fault                        map[string]interface{}
	Code, Reason, Outcome, Phase string
	HTTPStatus                   string `json:"http_status"`
	SessionID                    string `json:"session_id"`
	RetryAfter                   int64  `json:"retry_after"`
}

func runFailures(c *client) {
	text, err := os.ReadFile(filepath.Join(c.shared, "failures.json"))
	check(err == nil, "%v", err)
	var cases []failure
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&cases)
	check(err == nil, "%v", err)
	for _, failing := range cases {
		c.runFailure(failing)
	}
}

func (c *client) runFailure(failing failure) {
	defer func() {
		cause := recover()
		if failed, ok := cause.(checkFailed); ok {
			cause = checkFailed(failing.Name + ": " + string(failed))
		}
		if cause != nil {
			panic(cause)
		}
	}()
	upstream := c.symphony
	if failing.Upstream == "qlik" {
		upstream = c.qlik
	}
	kind := failing.Fault["kind"]
	creates := 0
	if (failing.Outcome == "done" || failing.Outcome == "unknown") && kind != "status" && kind != "html" {
		creates = 1
	}
	upstream.addFault(failing.Fault)
	var a answer
	upstream.sees(1, creates, func() {
		if failing.Upstream == "qlik" {
			_, a = c.createExecutionSession(
				&pb.CreateExecutionSessionRequest{ExecutionSession: &pb.ExecutionSession{}}, callTimeout)
		} else {
			_, a = c.createSession(&pb.CreateSessionRequest{ApplicationName: proto.String(application)}, callTimeout)
		}
	})
	a.expectError(failing.Code, failing.Reason, failing.Outcome, failing.Phase)
	equal(a.metadata["upstream"], failing.Upstream, "upstream")
	equal(a.metadata["http_status"], failing.HTTPStatus, "http_status")
	equal(a.metadata["session_id"], failing.SessionID, "session_id")
	equal(a.retryAfter, failing.RetryAfter, "the delay of RetryInfo")
	a.print(failing.Name, values{
		"message": a.message, "metadata": a.metadata, "retry_after": a.retryAfter, "pushback": a.pushback,
	})
}

// Where other programs take all of the processor, the client's own timer may win against an answer that comes
// 100 ms before it; then it is tried again.
func (c *client) beforeOwnTimer(attempt func() answer) answer {
	for i := 1; ; i++ {
		c.clearFaults()
		if a := attempt(); a.reason != "" || i == deadlineAttempts {
			return a
		}
	}
}

const (
	deadlineAttempts = 4
	shortTimeout     = 1500 * time.Millisecond
	delay            = 4000 // milliseconds
)

func runDeadlines(c *client) {
	a := c.beforeOwnTimer(func() answer {
		c.symphony.addFault(values{"kind": "delay", "ms": delay})
		_, a := c.createSession(&pb.CreateSessionRequest{ApplicationName: proto.String(application)}, shortTimeout)
		return a
	})
	a.expectError("DEADLINE_EXCEEDED", "DEADLINE", "unknown", "wait")
	a.print("deadline_before_the_answer", values{"metadata": a.metadata})

	a = c.beforeOwnTimer(func() answer {
		c.qlik.addFault(values{"kind": "delay", "ms": delay, "after_bytes": 5000})
		_, a := c.createExecutionSession(&pb.CreateExecutionSessionRequest{
			ExecutionSession: &pb.ExecutionSession{User: proto.String(strings.Repeat("u", 20000))},
		}, shortTimeout)
		return a
	})
	a.expectError("DEADLINE_EXCEEDED", "DEADLINE", "done", "receive")
	equal(a.metadata["id"], fmt.Sprint(c.qlik.lastRow()["id"]), "the id that the answer gave away")
	equal(a.metadata["http_status"], "201", "http_status")
	a.print("deadline_within_the_answer", nil)
}

// One attempt with a wrong password; the next call fails without one, so that no account is locked.
func runLogonRefused(c *client) {
	for _, expected := range []struct {
		scenario   string
		attempts   int
		httpStatus string
	}{{"logon_refused", 1, "401"}, {"logon_locked_out", 0, ""}} {
		var a answer
		c.logon.sees(expected.attempts, 0, func() {
			_, a = createSessionAt(c.shutOut,
				&pb.CreateSessionRequest{ApplicationName: proto.String(application)}, callTimeout)
		})
		a.expectError("INTERNAL", "LOGON_REFUSED", "not_sent", "logon")
		equal(a.metadata["http_status"], expected.httpStatus, "http_status")
		a.print(expected.scenario, values{"metadata": a.metadata})
	}
}

// Nothing is sent to a server whose certificate another authority has signed.
func runUpstreamTLS(c *client) {
	_, a := createExecutionSessionAt(c.shutOut,
		&pb.CreateExecutionSessionRequest{ExecutionSession: &pb.ExecutionSession{}}, callTimeout)
	a.expectError("INTERNAL", "UPSTREAM_TLS", "not_sent", "handshake")
	a.print("upstream_tls", values{"message": a.message, "metadata": a.metadata})
}
